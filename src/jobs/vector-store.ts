// A library's vectors in a ChunkStore: PREFIX/manifest and PREFIX/0, 1, 2 …, blocks as core/retrieve/dense-vectors.ts packs them. How far an
// unfinished library got follows from the blocks themselves, so nothing can disagree after a crash.
import { AppError } from '../core/errors'
import type { ChunkStore } from '../core/ports'
import { parseVectorsManifest, toJsonBytes, type VectorBlocks, type VectorsManifest } from '../core/retrieve'

const SCALE_BYTES = 4

export class VectorStore {
  readonly #store: ChunkStore
  readonly #prefix: string
  readonly #library: string

  /** `library`: its title, for messages. */
  constructor(store: ChunkStore, prefix: string, library: string) {
    this.#store = store
    this.#prefix = prefix
    this.#library = library
  }

  /** undefined where there are none. Rejects with library_damaged. */
  async manifest(): Promise<VectorsManifest | undefined> {
    const bytes = await this.#store.get(`${this.#prefix}/manifest`)
    return bytes && parseVectorsManifest(bytes, this.#library)
  }
  async writeManifest(manifest: VectorsManifest): Promise<void> {
    await this.#store.put(`${this.#prefix}/manifest`, toJsonBytes(manifest))
  }
  async writeBlock(block: number, bytes: Uint8Array): Promise<void> {
    await this.#store.put(this.#key(block), bytes)
  }
  /** undefined where it is not there. */
  readBlock(block: number): Promise<Uint8Array | undefined> {
    return this.#store.get(this.#key(block))
  }
  async delete(): Promise<void> {
    await this.#store.deletePrefix(`${this.#prefix}/`)
  }

  /** Vectors that are stored without a gap: full blocks, and what the next one holds. */
  async countRows({ dimensions, rowsPerBlock, passages }: VectorsManifest): Promise<number> {
    const keys = new Set(await this.#store.keys(`${this.#prefix}/`))
    let blocks = 0
    while (keys.has(this.#key(blocks))) blocks++
    if (blocks === 0) return 0
    const last = await this.readBlock(blocks - 1)
    const rows = (last?.length ?? 0) / (dimensions + SCALE_BYTES)
    if (!Number.isInteger(rows)) return (blocks - 1) * rowsPerBlock
    return Math.min(passages, (blocks - 1) * rowsPerBlock + rows)
  }

  damaged(block: number): AppError {
    const reason = 'it does not hold the vectors it should'
    return new AppError('library_damaged', { name: this.#library, file: `vectors/${block}`, reason })
  }

  /** The vectors, to be searched. A block that cannot be read is library_damaged. */
  blocks({ dimensions, rowsPerBlock, passages }: VectorsManifest): VectorBlocks {
    return {
      dimensions,
      rowsPerBlock,
      blocks: Math.ceil(passages / rowsPerBlock),
      damaged: (block) => this.damaged(block),
      read: async (signal, block) => {
        if (signal.aborted) throw new AppError('aborted')
        const bytes = await this.readBlock(block)
        const rows = Math.min(rowsPerBlock, passages - block * rowsPerBlock)
        if (bytes?.length !== rows * (dimensions + SCALE_BYTES)) throw this.damaged(block)
        return bytes
      },
    }
  }

  #key(block: number): string {
    return `${this.#prefix}/${block}`
  }
}
