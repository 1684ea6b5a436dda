// The page's end of the worker: typed calls with events, abort, and a heartbeat, because a worker that dies says nothing.
// A lost worker rejects every open call with `worker_lost`; the next call starts a new one.
import { AppError } from '../core/errors'
import type { Endpoint, FromWorker, ToWorker } from './messages'
import type { Call, Protocol } from './protocol'

export interface CallOptions<C extends Call> {
  signal?: AbortSignal
  onEvent?: (event: Protocol[C]['event']) => void
}
export interface Client {
  /** Rejects with AppError; `aborted` when the signal aborts. */
  call<C extends Call>(name: C, params: Protocol[C]['params'], options?: CallOptions<C>): Promise<Protocol[C]['result']>
  close(): void
}
export interface WorkerHandle extends Endpoint {
  terminate(): void
  onerror?: ((event: ErrorEvent) => void) | null
}

interface OpenCall {
  resolve(result: unknown): void
  reject(error: AppError): void
  onEvent: ((event: never) => void) | undefined
}

const PING_MS = 5_000
const LOST_MS = 60_000

/** `start` makes the worker; it is called at the first call and after a loss. */
export function createClient(start: () => WorkerHandle = startJobsWorker, lostAfterMs = LOST_MS): Client {
  let worker: WorkerHandle | null = null
  let timer: ReturnType<typeof setInterval> | undefined
  let heardAt = 0
  let nextId = 1
  const calls = new Map<number, OpenCall>()

  function lose(reason: string): void {
    worker?.terminate()
    worker = null
    clearInterval(timer)
    const open = [...calls.values()]
    calls.clear()
    for (const call of open) call.reject(new AppError('worker_lost', { reason }))
  }
  function receive({ data }: MessageEvent): void {
    const message = data as FromWorker
    heardAt = Date.now()
    if (message.kind === 'pong') return
    const call = calls.get(message.id)
    if (!call) return
    if (message.kind === 'event') call.onEvent?.(message.event as never)
    else {
      calls.delete(message.id)
      if (message.kind === 'result') call.resolve(message.result)
      else call.reject(new AppError(message.error.code, message.error.detail))
    }
  }
  function running(): WorkerHandle {
    if (worker) return worker
    worker = start()
    worker.onmessage = receive
    worker.onerror = (event) => {
      lose(event.message)
    }
    heardAt = Date.now()
    timer = setInterval(() => {
      if (calls.size === 0) heardAt = Date.now()
      else if (Date.now() - heardAt > lostAfterMs) lose('no answer')
      else send({ kind: 'ping' })
    }, PING_MS)
    return worker
  }
  function send(message: ToWorker): void {
    running().postMessage(message)
  }

  return {
    call(name, params, options = {}) {
      const { signal, onEvent } = options
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(new AppError('aborted'))
          return
        }
        const id = nextId++
        const abort = () => {
          if (calls.has(id)) send({ kind: 'abort', id })
        }
        const settle = () => signal?.removeEventListener('abort', abort)
        calls.set(id, {
          resolve(result) {
            settle()
            resolve(result as never)
          },
          reject(error) {
            settle()
            reject(error)
          },
          onEvent: onEvent as ((event: never) => void) | undefined,
        })
        signal?.addEventListener('abort', abort, { once: true })
        send({ kind: 'call', id, call: name, params })
      })
    },
    close() {
      lose('closed')
    },
  }
}

function startJobsWorker(): WorkerHandle {
  return new Worker(new URL('./jobs.worker.ts', import.meta.url), { type: 'module', name: 'pagewise jobs' })
}
