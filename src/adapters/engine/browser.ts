// The engine in a page or in a page's worker.
import type { Scorer } from '../../core/ports'
import plainOwn from './build/engine-plain-own.wasm?url'
import plain from './build/engine-plain.wasm?url'
import relaxedOwn from './build/engine-relaxed-own.wasm?url'
import relaxed from './build/engine-relaxed.wasm?url'
import type { FromWorker } from './messages'
import { openEngine as open, type EngineRequest, type Host } from './open'

export { hasRelaxedSimd } from './simd'

const MODULES = { plain: { shared: plain, own: plainOwn }, relaxed: { shared: relaxed, own: relaxedOwn } }

const host: Host = {
  async compile(build, isShared) {
    const response = await fetch(MODULES[build][isShared ? 'shared' : 'own'])
    return WebAssembly.compile(await response.arrayBuffer())
  },
  spawn() {
    const worker = new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module', name: 'engine' })
    return {
      post(message, transfer = []) {
        worker.postMessage(message, transfer)
      },
      onMessage(listener) {
        worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
          listener(data)
        }
      },
      onStop(listener) {
        worker.onerror = (event) => {
          listener(event.message || 'its script could not be loaded')
        }
      },
      terminate() {
        worker.terminate()
      },
    }
  },
  canShareMemory: globalThis.crossOriginIsolated,
  threads: navigator.hardwareConcurrency,
}

/** Throws weights_damaged, model_unsupported, memory_short, worker_lost, aborted, and what the weights' reader throws. */
export function openEngine(signal: AbortSignal, request: EngineRequest): Promise<Scorer> {
  return open(host, signal, request)
}
