// The worker's end: dispatches calls to handlers, carries events and errors back, and aborts a call's signal when asked.
import { AppError } from '../core/errors'
import type { Endpoint, FromWorker, ToWorker, WireError } from './messages'
import type { Call, Protocol } from './protocol'

export interface CallContext<C extends Call> {
  signal: AbortSignal
  emit(event: Protocol[C]['event']): void
}
export type Handlers = { [C in Call]: (params: Protocol[C]['params'], context: CallContext<C>) => Promise<Protocol[C]['result']> }

/** Answers calls that arrive at `endpoint` until it closes. */
export function serve(endpoint: Endpoint, handlers: Handlers): void {
  const open = new Map<number, AbortController>()
  const post = (message: FromWorker): void => {
    endpoint.postMessage(message)
  }

  async function run(id: number, call: string, params: unknown): Promise<void> {
    const controller = new AbortController()
    open.set(id, controller)
    try {
      if (!Object.hasOwn(handlers, call)) throw new Error(`internal: no handler for ${call}`)
      const handler = handlers[call as Call] as (params: unknown, context: CallContext<Call>) => Promise<unknown>
      const result = await handler(params, {
        signal: controller.signal,
        emit(event) {
          post({ kind: 'event', id, event })
        },
      })
      post({ kind: 'result', id, result })
    } catch (error) {
      post({ kind: 'error', id, error: toWire(error, controller.signal) })
    } finally {
      open.delete(id)
    }
  }

  endpoint.onmessage = ({ data }: MessageEvent) => {
    const message = data as ToWorker
    switch (message.kind) {
      case 'ping':
        post({ kind: 'pong' })
        break
      case 'abort':
        open.get(message.id)?.abort()
        break
      case 'call':
        void run(message.id, message.call, message.params)
        break
      default:
        message satisfies never
    }
  }
}

function toWire(error: unknown, signal: AbortSignal): WireError {
  if (error instanceof AppError) return { code: error.code, detail: error.detail }
  if (signal.aborted) return { code: 'aborted', detail: {} }
  console.error(error)
  return { code: 'internal', detail: { message: error instanceof Error ? error.message : String(error) } }
}
