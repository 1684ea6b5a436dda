// onnxruntime-node: on the CPU as a second opinion on the engine, on a GPU through its own WebGPU (Vulkan, Metal or Direct3D).
// The module is loaded only when it is asked for: the command line works where its binary does not. On the CPU weights in blocks are widened, since
// MatMulNBits takes 1.3 to 1.5 times as long as float32 there.
import { totalmem } from 'node:os'
import type { Scorer } from '../../core/ports'
import { computesInHalf } from './half'
import { findIntegerBits } from './integer-bits'
import { toRefusal } from './refusal'
import { openScorer, type OrtRequest } from './scorer'
import { openInSegments, type SegmentRequest, type SegmentRuntime } from './segments'
import { openSession, type Ort } from './session'

const NAMES = { cpu: 'onnxruntime, CPU', webgpu: 'onnxruntime, WebGPU' } as const
const BUDGETS = { cpu: 512, webgpu: 2048 } as const
/** Widened weights are in memory three times while a model is opened: as they are handed over, taken, and packed for the processor. */
const PART_OF_MEMORY = 1 / 8

/** Throws device_unavailable (no binary for this system, no GPU driver), weights_damaged, model_unsupported, device_memory, aborted. */
export async function openOrtNode(
  signal: AbortSignal,
  request: OrtRequest & { device: 'cpu' | 'webgpu'; threads?: number },
): Promise<Scorer> {
  const { device, threads } = request
  const ort = await load(NAMES[device])
  const options = {
    executionProviders: [device],
    logSeverityLevel: 3,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  } as const
  return openScorer(signal, request, {
    name: NAMES[device],
    device,
    budget: BUDGETS[device],
    ...(device === 'cpu' ? { integerBits: () => findIntegerBits(ort), mostWidenedBytes: memoryBytes() * PART_OF_MEMORY } : {}),
    ...(device === 'webgpu' ? { computesInHalf: () => computesInHalf(ort, options) } : {}),
    open: (graph) => openSession(ort, graph, options),
  })
}

/**
 * The graph on the CPU for a few questions, in little memory whatever the model's size; one that came as a file is opened whole.
 * `segmentBytes`: of weights, at a time. Throws what openOrtNode throws.
 */
export async function openOrtNodeReference(
  signal: AbortSignal,
  request: SegmentRequest & OrtRequest & { threads?: number },
  segmentBytes?: number,
): Promise<Scorer> {
  if (request.manifest.architecture === 'onnx') return openOrtNode(signal, { ...request, device: 'cpu' })
  const ort = await load(NAMES.cpu)
  const threading = request.threads === undefined ? {} : { intraOpNumThreads: request.threads }
  const create: SegmentRuntime['create'] = (onnx, options) =>
    ort.InferenceSession.create(onnx, { ...options, executionProviders: ['cpu'], ...threading })
  return openInSegments(signal, request, { name: NAMES.cpu, ort, create }, segmentBytes)
}

async function load(name: string): Promise<Ort> {
  try {
    return await import('onnxruntime-node')
  } catch (error) {
    throw toRefusal(error, name)
  }
}

/** Of this machine, or of the container that this process may not outgrow. */
function memoryBytes(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}
