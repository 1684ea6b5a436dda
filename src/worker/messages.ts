// What crosses the wire between client.ts and server.ts. Every call has an id; the heartbeat tells a busy worker from a dead one.
import type { ErrorCode, ErrorDetail } from '../core/errors'

export type ToWorker = { kind: 'call'; id: number; call: string; params: unknown } | { kind: 'abort'; id: number } | { kind: 'ping' }
export type FromWorker =
  | { kind: 'event'; id: number; event: unknown }
  | { kind: 'result'; id: number; result: unknown }
  | { kind: 'error'; id: number; error: WireError }
  | { kind: 'pong' }
/** An AppError keeps its code and detail over the wire; any other error arrives as `internal`. */
export interface WireError {
  code: ErrorCode
  detail: ErrorDetail
}

/** The part of Worker and MessagePort that both sides use. */
export interface Endpoint {
  postMessage(message: unknown, transfer?: Transferable[]): void
  onmessage: ((event: MessageEvent) => void) | null
}
