// onnxruntime-node: on the CPU as a second opinion on the engine, on a GPU through its own WebGPU (Vulkan, Metal or Direct3D).
// The module is loaded only when it is asked for: the command line works where its binary does not.
import type { Scorer } from '../../core/ports'
import { findIntegerBits } from './integer-bits'
import { toRefusal } from './refusal'
import { openScorer, type OrtRequest } from './scorer'
import { openSession, type Ort } from './session'

const NAMES = { cpu: 'onnxruntime, CPU', webgpu: 'onnxruntime, WebGPU' } as const
const BUDGETS = { cpu: 512, webgpu: 2048 } as const

/** Throws device_unavailable (no binary for this system, no GPU driver), weights_damaged, model_unsupported, device_memory, aborted. */
export async function openOrtNode(
  signal: AbortSignal,
  request: OrtRequest & { device: 'cpu' | 'webgpu'; threads?: number },
): Promise<Scorer> {
  const { device, threads } = request
  let ort: Ort
  try {
    ort = await import('onnxruntime-node')
  } catch (error) {
    throw toRefusal(error, NAMES[device])
  }
  const threading = threads === undefined ? {} : { intraOpNumThreads: threads }
  return openScorer(signal, request, {
    name: NAMES[device],
    device,
    budget: BUDGETS[device],
    ...(device === 'cpu' ? { integerBits: () => findIntegerBits(ort) } : {}),
    open: (graph) => openSession(ort, graph, { executionProviders: [device], logSeverityLevel: 3, ...threading }),
  })
}
