// What the core asks of the world. Adapters implement these; tests/contract holds one suite for each.
import type { LibraryManifest } from './retrieve/types'
import type { Answer, Device, Manifest, ModelFile, ModelInput, PassageHit } from './types'

/** Scores questions. Implementations: adapters/engine (CPU), adapters/ort (WebGPU, WASM, Node), adapters/memory (slow, obvious, for tests). */
export interface Scorer {
  readonly device: Device
  /** What ran, for people: "engine, 2 workers, float". */
  readonly description: string
  /** Workers that score at the same time; 1 on a GPU. */
  readonly workers: number
  /** Whether it computes in half precision, which a model may be unfit for. */
  readonly isHalf?: boolean
  /** Whether score() keeps the thread busy that calls it: preparing questions meanwhile would only interrupt it. */
  readonly isBlocking?: boolean
  /**
   * Scores every input and calls `onLogits(index, logits)` once for each, in any order; logits: one per choice, in the input's order.
   * The logits of an input do not depend on the others. Rejects with AppError `aborted` soon after `signal` aborts.
   */
  score(signal: AbortSignal, inputs: readonly ModelInput[], onLogits: (index: number, logits: Float32Array) => void): Promise<void>
  close(): Promise<void>
}

/** Finds passages for a question, best first. Implementations: core/retrieve over a pack or a corpus. */
export interface Retriever {
  /** At most `count` hits; fewer where the library has no more. */
  retrieve(signal: AbortSignal, question: { prompt: string; options: readonly string[] }, count: number): Promise<PassageHit[]>
}

/** Turns texts into vectors. Implementations: adapters/transformers (a folder that the visitor brings). */
export interface Embedder {
  /** What runs, for people: "transformers.js, CPU". */
  readonly description: string
  readonly dimensions: number
  /** Row-major [texts, dimensions]; every row has length 1. Rejects with embedder_failed or aborted. */
  embed(signal: AbortSignal, texts: readonly string[]): Promise<Float32Array>
  close(): Promise<void>
}

/** Time, which core has no other way to know. `breathe` lets messages and aborts through between two pieces of synchronous work. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number
  breathe(): Promise<void>
}

/** A file of a model folder, wherever it is kept. Chunks arrive in order and are already verified. */
export interface ModelFileReader {
  readonly name: string
  readonly bytes: number
  stream(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** One that is also read from anywhere; no more of it than is asked for is held. */
export interface SeekableFile extends ModelFileReader {
  /** `length` bytes from `offset` on, verified as those of the stream. Reading forwards is cheapest. */
  read(signal: AbortSignal, offset: number, length: number): Promise<Uint8Array>
}

/** Takes a model that is being compiled, chunk by chunk. Implementations: node (a folder), jobs/compile-model-store (the ChunkStore). */
export interface ModelFolderWriter {
  /** The chunks of a file come in order; the bytes may be kept. */
  chunk(signal: AbortSignal, file: string, index: number, bytes: Uint8Array): Promise<void>
  /** All chunks of the file have come. */
  finish(signal: AbortSignal, file: ModelFile): Promise<void>
  /** Forgets what was written, after an error or an abort. */
  discard(): Promise<void>
}

/** Chunks of model files, kept between visits. Implementations: indexeddb, memory. */
export interface ChunkStore {
  /** False when nothing outlives the page (storage refused, private window). */
  readonly isPersistent: boolean
  get(key: string): Promise<Uint8Array | undefined>
  /** Throws storage_refused when the browser has no room. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Keys that start with `prefix`. */
  keys(prefix: string): Promise<string[]>
  deletePrefix(prefix: string): Promise<void>
}

/** Where a model folder or library is served. Implementations: http, memory. */
export interface FileSource {
  /** What people call it, for messages. */
  readonly place: string
  /** The whole of a small file. Throws model_file_missing or download_failed. */
  readAll(signal: AbortSignal, name: string): Promise<Uint8Array>
  /** The file's bytes from `offset` on, in pieces of any size. Throws model_file_missing or download_failed. */
  readFrom(signal: AbortSignal, name: string, offset: number): AsyncIterable<Uint8Array>
}

/** A folder at an address that somebody typed; what is in it must be found out. Implementations: http. */
export interface RemoteFolder {
  /**
   * Asks for the file, from `offset` on. 'missing': there is none; 'page': the host answers with a web page, as some do for what they do not
   * have. Rejects with address_refused, address_unreachable, aborted.
   */
  open(signal: AbortSignal, name: string, offset: number): Promise<RemoteFile | 'missing' | 'page'>
}
/** A file that has begun to arrive. */
export interface RemoteFile {
  /** Of the whole file; null where the host does not say. */
  readonly bytes: number | null
  /** Another one means another file; null where the host does not say. */
  readonly version: string | null
  /** From the offset on, in pieces of any size; to be read once. Rejects with download_failed, aborted. */
  readonly pieces: AsyncIterable<Uint8Array>
  /** Stops it where it is not read to its end. */
  close(): Promise<void>
}

/** SHA-256 in lower-case hex. Implementations: crypto (Web Crypto, also in Node). */
export type Sha256 = (bytes: Uint8Array) => Promise<string>

/** Runs `work` while no other tab does work of the same name. Implementations: http/locks (Web Locks), or none at all. */
export type Exclusively = <T>(signal: AbortSignal, name: string, work: () => Promise<T>) => Promise<T>

/** What the visitor made, by id; its files lie in the ChunkStore. Implementations: indexeddb, memory. */
export interface RecordStore<Manifest> {
  put(record: StoredRecord<Manifest>): Promise<void>
  get(id: string): Promise<StoredRecord<Manifest> | undefined>
  /** Oldest first. */
  list(): Promise<StoredRecord<Manifest>[]>
  delete(id: string): Promise<void>
}
export interface StoredRecord<Manifest> {
  id: string
  createdAt: number
  manifest: Manifest
}
export type LibraryStore = RecordStore<LibraryManifest>
export type LibraryRecord = StoredRecord<LibraryManifest>
export type ModelStore = RecordStore<Manifest>
export type ModelRecord = StoredRecord<Manifest>

export interface Progress {
  done: number
  total: number
  /** Per second, over the last 10 s; 0 until known. */
  rate: number
  /** null until it can be told (3 s or 10 steps). */
  secondsLeft: number | null
}

/** Runs, kept between visits. The record of a run is small; its answers are appended in blocks. */
export interface RunStore {
  readonly isPersistent: boolean
  create(record: RunRecord, file: Uint8Array): Promise<void>
  update(id: string, change: Partial<RunRecord>): Promise<void>
  appendAnswers(id: string, answers: readonly Answer[]): Promise<void>
  list(): Promise<RunRecord[]>
  get(id: string): Promise<RunRecord | undefined>
  file(id: string): Promise<Uint8Array | undefined>
  answers(id: string): Promise<Answer[]>
  delete(id: string): Promise<void>
}

/** `settings`, `mapping` and `edits` are what a resumed run needs to go on exactly as it began. */
export interface RunRecord {
  id: string
  fileName: string
  createdAt: number
  status: 'running' | 'paused' | 'stopped' | 'done'
  done: number
  total: number
  seconds: number
  /** Of `seconds`, those that went into looking passages up; records of before this was kept lack it. */
  retrievalSeconds?: number
  mapAt3: number | null
  modelId: string
  modelTitle: string
  description: string
  mapping: unknown
  settings: unknown
  edits: unknown
}
