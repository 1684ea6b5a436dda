// What the host and a worker of the engine say to each other.
import type { Choice } from './choice'
import type { EngineInput } from './questions'
import type { Sizes } from './sizes'

export interface OpenMessage {
  kind: 'open'
  module: WebAssembly.Module
  sizes: Sizes
  /** A memory that all share, or a copy of the packed weights (they begin at byte 0) for a memory of the worker's own. */
  weights: { memory: WebAssembly.Memory } | { copy: ArrayBuffer }
  /** The worker's area: where it begins and how long it is. */
  area: number
  areaBytes: number
  choice: Choice
}
export type ToWorker = OpenMessage | { kind: 'answer'; id: number; questions: readonly EngineInput[] }

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'answered'; id: number; logits: Float32Array[] }
  /** The instance may be damaged; the worker is of no use any more. */
  | { kind: 'failed'; reason: string }

/** A worker of a browser or of Node. */
export interface Port {
  post(message: ToWorker, transfer?: ArrayBuffer[]): void
  onMessage(listener: (message: FromWorker) => void): void
  /** Called when it stops by itself: an error, its process ran out of memory, … Never after terminate(). */
  onStop(listener: (reason: string) => void): void
  terminate(): void
}
