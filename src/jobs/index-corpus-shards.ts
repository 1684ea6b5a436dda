// The files of a sharded library (core/retrieve/sharded-format.ts), written one after another; each is hashed as it goes.
import { throwIfAborted } from '../core/errors'
import type { Sha256 } from '../core/ports'
import {
  blockName,
  buildShards,
  DIRECTORY_FILE,
  postingShardName,
  SHARDED_FORMAT,
  TABLE_BLOCKS,
  tableName,
  writeDirectory,
  writeEntries,
  type Codec,
  type IndexBuilder,
  type Passage,
  type ShardedManifest,
  type ShardEntry,
  type ShardSettings,
} from '../core/retrieve'

interface Deps {
  write(name: string, bytes: Uint8Array): Promise<void>
  deflate: Codec
  sha256: Sha256
}
export interface WrittenBlocks {
  passagesPerBlock: number
  largestBlockBytes: number
  blockBytes: number
  tables: ShardEntry[]
}

/** About 40 KB a block, deflated, where passages have 60 words: a question reads five of them. */
const PASSAGES_PER_BLOCK = 256
/** Blocks that are compressed and written at a time. */
const BLOCKS_AT_ONCE = 4

export class BlockWriter {
  readonly #deps: Deps
  #open: string[] = []
  readonly #blocks: Promise<ShardEntry>[] = []

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async add({ id, title, source, text }: Passage): Promise<void> {
    this.#open.push(JSON.stringify([id, title, source, text]))
    if (this.#open.length < PASSAGES_PER_BLOCK) return
    this.#close()
    await this.#blocks.at(-BLOCKS_AT_ONCE)
  }

  async finish(): Promise<WrittenBlocks> {
    if (this.#open.length > 0) this.#close()
    const blocks = await Promise.all(this.#blocks)
    const tables: ShardEntry[] = []
    for (let from = 0; from < blocks.length; from += TABLE_BLOCKS)
      tables.push(await writeEntry(tableName(tables.length), writeEntries(blocks.slice(from, from + TABLE_BLOCKS)), this.#deps))
    const sizes = blocks.map((block) => block.bytes)
    return {
      passagesPerBlock: PASSAGES_PER_BLOCK,
      largestBlockBytes: sizes.reduce((most, size) => Math.max(most, size), 0),
      blockBytes: sumOf(sizes),
      tables,
    }
  }

  #close(): void {
    const json = new TextEncoder().encode(`[${this.#open.join(',')}]`)
    this.#open = []
    const name = blockName(this.#blocks.length)
    const written = this.#deps.deflate(json).then((bytes) => writeEntry(name, bytes, this.#deps))
    written.catch(() => undefined) // awaited by add() or finish(), a few blocks later
    this.#blocks.push(written)
  }
}

/** Writes posting shards and directory; gives the manifest. */
export async function finishShards(
  signal: AbortSignal,
  about: Pick<ShardedManifest, 'id' | 'title' | 'licence' | 'source' | 'passages' | 'textBytes' | 'bm25'>,
  index: IndexBuilder,
  { blockBytes, ...blocks }: WrittenBlocks,
  settings: ShardSettings,
  deps: Deps,
): Promise<ShardedManifest> {
  const shards: ShardEntry[] = []
  const built = buildShards(index, about.bm25, settings)
  let next = built.next()
  for (; !next.done; next = built.next()) {
    throwIfAborted(signal)
    shards.push(await writeEntry(postingShardName(shards.length), next.value, deps))
  }
  const directory = await writeEntry(DIRECTORY_FILE, writeDirectory({ shards, ...next.value }), deps)
  const bytes = blockBytes + sumOf([...shards, ...blocks.tables, directory].map((entry) => entry.bytes))
  return { format: SHARDED_FORMAT, ...about, bytes, directory, ...blocks }
}

async function writeEntry(name: string, bytes: Uint8Array, { write, sha256 }: Deps): Promise<ShardEntry> {
  const [hash] = await Promise.all([sha256(bytes), write(name, bytes)])
  return { name, bytes: bytes.length, sha256: hash }
}
function sumOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0)
}
