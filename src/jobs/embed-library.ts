// Embeds a library's passages, in order, into blocks of int8 vectors. The open block is stored every few seconds and when the job ends for
// whatever reason, so an abort is a pause: the same call goes on after the last vector that is stored, and gives the same bytes.
import { throwIfAborted } from '../core/errors'
import type { Clock, Embedder, Progress } from '../core/ports'
import {
  EMBEDDING_BATCH,
  packBlock,
  quantizeVectors,
  rowsPerBlock,
  unpackBlock,
  VECTORS_FORMAT,
  type VectorsMade,
  type VectorsManifest,
} from '../core/retrieve'
import { createMeter } from './progress'
import type { VectorStore } from './vector-store'

const CHECKPOINT_MS = 5_000

export interface EmbedLibrary {
  made: VectorsMade
  /** Text of a passage, by number. */
  read(passage: number): Promise<string>
  /** For tests: a smaller block than 4 MiB. */
  blockBytes?: number
}

/**
 * Makes the vectors that are missing and returns their manifest. Vectors that were made in another way are deleted first.
 * Rejects with aborted (paused), embedder_failed, storage_refused, library_damaged.
 */
export async function embedLibrary(
  signal: AbortSignal,
  { made, read, blockBytes }: EmbedLibrary,
  deps: { embedder: Embedder; store: VectorStore; clock: Clock },
  onProgress: (progress: Progress) => void,
): Promise<VectorsManifest> {
  const { embedder, store, clock } = deps
  const { dimensions, passages } = made
  const before = await store.manifest()
  const wanted: VectorsManifest = {
    ...made,
    format: VECTORS_FORMAT,
    rowsPerBlock: rowsPerBlock(dimensions, blockBytes),
    isOn: before?.isOn ?? true,
  }
  if (!before || !isSame(before, wanted)) {
    await store.delete()
    await store.writeManifest(wanted)
  }
  const done = await store.countRows(wanted)
  const block = new OpenBlock(wanted, store, done)
  await block.resume()
  const meter = createMeter(clock, done)
  let storedAt = clock.now()
  try {
    for (let from = done; from < passages;) {
      throwIfAborted(signal)
      const numbers = Array.from({ length: Math.min(EMBEDDING_BATCH, passages - from) }, (_, i) => from + i)
      const texts = await Promise.all(numbers.map(async (number) => made.passagePrefix + (await read(number))))
      const vectors = await embedder.embed(signal, texts)
      await block.append(vectors)
      from += numbers.length
      onProgress(meter(from, passages))
      if (clock.now() - storedAt > CHECKPOINT_MS) {
        await block.store()
        storedAt = clock.now()
      }
      await clock.breathe()
    }
  } finally {
    await block.store()
  }
  return wanted
}

function isSame(a: VectorsManifest, b: VectorsManifest): boolean {
  const { isOn: _a, ...madeA } = a
  const { isOn: _b, ...madeB } = b
  const sorted = (made: object): string => JSON.stringify(Object.entries(made).sort(([x], [y]) => (x < y ? -1 : 1)))
  return sorted(madeA) === sorted(madeB)
}

/** The block that is being filled. */
class OpenBlock {
  readonly #manifest: VectorsManifest
  readonly #target: VectorStore
  readonly #scales: Float32Array
  readonly #values: Int8Array
  #number: number
  #rows: number
  #isStored = true

  constructor(manifest: VectorsManifest, target: VectorStore, done: number) {
    this.#manifest = manifest
    this.#target = target
    this.#scales = new Float32Array(manifest.rowsPerBlock)
    this.#values = new Int8Array(manifest.rowsPerBlock * manifest.dimensions)
    this.#number = Math.floor(done / manifest.rowsPerBlock)
    this.#rows = done % manifest.rowsPerBlock
  }

  /** Takes up what is stored of it. */
  async resume(): Promise<void> {
    if (this.#rows === 0) return
    const bytes = await this.#target.readBlock(this.#number)
    const stored = bytes && unpackBlock(bytes, this.#manifest.dimensions)
    if (stored?.scales.length !== this.#rows) throw this.#target.damaged(this.#number)
    this.#scales.set(stored.scales)
    this.#values.set(stored.values)
  }

  /** Row-major floats; a full block is stored and the next one begun. */
  async append(vectors: Float32Array): Promise<void> {
    const { dimensions, rowsPerBlock } = this.#manifest
    const { scales, values } = quantizeVectors(vectors, dimensions)
    for (let row = 0; row < scales.length; row++) {
      this.#scales[this.#rows] = scales[row]!
      this.#values.set(values.subarray(row * dimensions, (row + 1) * dimensions), this.#rows * dimensions)
      this.#rows++
      this.#isStored = false
      if (this.#rows < rowsPerBlock) continue
      await this.store()
      this.#number++
      this.#rows = 0
    }
  }

  async store(): Promise<void> {
    if (this.#isStored) return
    const { dimensions } = this.#manifest
    const rows = this.#rows
    const part = { scales: this.#scales.subarray(0, rows), values: this.#values.subarray(0, rows * dimensions) }
    await this.#target.writeBlock(this.#number, packBlock(part))
    this.#isStored = true
  }
}
