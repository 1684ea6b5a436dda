// What computes on the CPU in the terminal. Native onnxruntime has the widest vectors of the processor, WebAssembly 128 bits, so for every model and
// either arithmetic it is the faster one (docs/benchmarks.md). The choice is a rule, never a race: the same command gives the same bytes.
import { openEngine } from '../adapters/engine/node'
import { engineReads } from '../adapters/engine/sizes'
import { openOrtNode } from '../adapters/ort/node'
import { AppError } from '../core/errors'
import type { Scorer } from '../core/ports'
import type { OpenRequest } from '../jobs/load-model'

/** auto: onnxruntime; the engine where that is not installed, or has not enough memory for the model, and the engine knows it. */
export const RUNTIMES = ['auto', 'onnxruntime', 'engine'] as const
export type Runtime = (typeof RUNTIMES)[number]

const REFUSALS: readonly string[] = ['device_unavailable', 'device_memory']

/** Throws device_unavailable, device_memory, model_unsupported, weights_damaged, memory_short, worker_lost, aborted. */
export async function openCpu(signal: AbortSignal, runtime: Runtime, request: OpenRequest): Promise<Scorer> {
  if (runtime === 'engine') return openEngine(signal, request)
  const { workers } = request
  try {
    return await openOrtNode(signal, { ...request, device: 'cpu', ...(workers > 0 ? { threads: workers } : {}) })
  } catch (error) {
    const isRefusal = error instanceof AppError && REFUSALS.includes(error.code)
    if (runtime === 'auto' && isRefusal && engineReads(request)) return openEngine(signal, request)
    throw error
  }
}
