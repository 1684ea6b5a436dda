// The engine in Node, on worker_threads. Its files are part of the bundle, so it runs from wherever that lies.
import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Scorer } from '../../core/ports'
import plain from './build/engine-plain.wasm?url&inline'
import relaxed from './build/engine-relaxed.wasm?url&inline'
import workerScript from './build/engine.worker.js?raw'
import type { FromWorker, Port } from './messages'
import { openEngine as open, type EngineRequest, type Host } from './open'

export { hasRelaxedSimd } from './simd'

// The V8 of Node 20, 11.3, has relaxed SIMD behind a flag, which makes float arithmetic a fifth faster; later ones have it without and would
// complain of a flag that they do not know. A flag holds for every thread, from the next module that is compiled.
const isFlagged = process.versions.v8.startsWith('11.3.')
if (isFlagged) setFlagsFromString('--experimental-wasm-relaxed-simd')

/** Gives the worker's script the names that it has in a page. */
const PRELUDE = `const { parentPort } = require('node:worker_threads')
globalThis.postMessage = (message) => parentPort.postMessage(message)
parentPort.on('message', (data) => globalThis.onmessage({ data }));
`

export const host: Host = {
  compile(build) {
    const [, base64 = ''] = (build === 'plain' ? plain : relaxed).split(',')
    return WebAssembly.compile(Buffer.from(base64, 'base64'))
  },
  spawn: () => portOf(createWorker()),
  canShareMemory: true,
  threads: availableParallelism(),
}

export function createWorker(): Worker {
  return new Worker(PRELUDE + workerScript, { eval: true, name: 'engine' })
}

export function portOf(worker: Worker): Port {
  let isTerminated = false
  return {
    post(message, transfer = []) {
      worker.postMessage(message, transfer)
    },
    onMessage(listener) {
      worker.on('message', (message: FromWorker) => {
        listener(message)
      })
    },
    onStop(listener) {
      let reason = 'it ended'
      worker.on('error', (error) => {
        reason = error.message
      })
      worker.on('exit', () => {
        if (!isTerminated) listener(reason)
      })
    },
    terminate() {
      isTerminated = true
      void worker.terminate()
    },
  }
}

/**
 * Integers are computed by the plain build in Node 20: its compiler makes relaxed SIMD no faster at them, and they are less exact.
 * Throws weights_damaged, model_unsupported, memory_short, worker_lost, aborted, and what the weights' reader throws.
 */
export function openEngine(signal: AbortSignal, request: EngineRequest): Promise<Scorer> {
  return open(host, signal, isFlagged && request.arithmetic === 'int8' ? { build: 'plain', ...request } : request)
}
