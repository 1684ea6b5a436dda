// A sharded library, opened: a question fetches the posting shards that tell most, ranks by what they say, and fetches the passages' blocks.
// What is read depends on the question and the library only, never on what is cached, so an answer is the same the first time and later.
import { AppError, throwIfAborted } from '../errors'
import type { Retriever } from '../ports'
import type { PassageHit } from '../types'
import { idf, selectTop, type Hit } from './bm25'
import { LEAST_SHARE, queryTermsOf } from './library'
import type { Codec, Passage } from './passage-file'
import { openDirectory, type Directory } from './sharded-directory'
import { blockName, DIRECTORY_FILE, readEntry, TABLE_BLOCKS, type ShardedManifest, type ShardEntry } from './sharded-format'
import { addImpacts } from './sharded-impacts'
import { planShards, type ShardBudget, type ShardPlan } from './sharded-plan'
import { findTerms } from './sharded-shard'
import { termsOf } from './terms'

/** Gives exactly the bytes that the entry describes. Rejects with library_damaged, download_failed, aborted. */
export type FetchShard = (signal: AbortSignal, entry: ShardEntry) => Promise<Uint8Array>

/** A cold question: pack.json, directory, tables, postings and passages together. */
export const COLD_BUDGET: ShardBudget = { requests: 25, bytes: 3_000_000 }
/** pack.json is not described by itself: it is about 1 KB, and 100 bytes for each table. */
const PACK_BYTES = 8_000
/** Postings are read for any number of passages, if it breaks the budget. */
const LEAST_SHARDS = 4

export class ShardedLibrary implements Retriever {
  readonly #sums: Float64Array

  private constructor(
    readonly manifest: ShardedManifest,
    private readonly directory: Directory,
    private readonly deps: { fetchShard: FetchShard; inflate: Codec },
    private readonly budget: ShardBudget,
  ) {
    this.#sums = new Float64Array(manifest.passages)
  }

  /** Fetches the directory; `inflate` undoes raw deflate. Rejects with library_damaged, download_failed, aborted. */
  static async open(
    signal: AbortSignal,
    manifest: ShardedManifest,
    deps: { fetchShard: FetchShard; inflate: Codec },
    budget: ShardBudget = COLD_BUDGET,
  ): Promise<ShardedLibrary> {
    const names = { library: manifest.title, file: DIRECTORY_FILE }
    return new ShardedLibrary(manifest, openDirectory(await deps.fetchShard(signal, manifest.directory), names), deps, budget)
  }

  /** A hit that matches too little of what was looked up is marked unused. Rejects with library_damaged, download_failed, aborted. */
  async retrieve(signal: AbortSignal, question: { prompt: string; options: readonly string[] }, count: number): Promise<PassageHit[]> {
    const { hits, ceiling } = await this.rank(signal, queryTermsOf(question), count)
    return this.#read(signal, hits, (score) => score >= LEAST_SHARE * ceiling)
  }

  /** Passages for words that somebody typed. */
  async search(signal: AbortSignal, words: string, count: number): Promise<PassageHit[]> {
    const { hits } = await this.rank(signal, termsOf(words), count)
    return this.#read(signal, hits, () => false)
  }

  /** The best `count` passages by the terms that were looked up, ties by number, and what those terms could give at most. */
  async rank(signal: AbortSignal, terms: readonly string[], count: number): Promise<{ hits: Hit[]; ceiling: number; plan: ShardPlan }> {
    throwIfAborted(signal)
    const weights = new Map<string, number>()
    for (const term of terms) weights.set(term, (weights.get(term) ?? 0) + 1)
    const { passages } = this.manifest
    const plan = planShards(this.directory, weights, passages, this.#shardBudget(count))
    const entries = plan.shards.map(({ shard }) => this.directory.entry(shard))
    const shards = await Promise.all(entries.map((entry) => this.deps.fetchShard(signal, entry)))
    // From here on nothing waits: the sums are shared by all questions.
    let ceiling = plan.absent.reduce((sum, term) => sum + weights.get(term)! * idf(passages, 0), 0)
    try {
      for (const [i, bytes] of shards.entries()) {
        const wanted = plan.shards[i]!.terms
        const found = this.#orDamaged(entries[i]!.name, () => findTerms(bytes, wanted))
        for (const term of wanted) {
          const place = found.get(term)
          const gain = weights.get(term)! * idf(passages, place?.documentFrequency ?? 0)
          ceiling += gain
          if (place) this.#orDamaged(entries[i]!.name, () => { addImpacts(bytes, place.start, place.end, gain, this.#sums) }) // prettier-ignore
        }
      }
      return { hits: selectTop(this.#sums, count), ceiling, plan }
    } finally {
      this.#sums.fill(0)
    }
  }

  /** What is left for posting shards when the passages, their tables and the directory are paid. */
  #shardBudget(count: number): ShardBudget {
    const { directory, tables, largestBlockBytes } = this.manifest
    const tableCount = Math.min(tables.length, count)
    const tableBytes = Math.max(0, ...tables.map((table) => table.bytes))
    const bytes = PACK_BYTES + directory.bytes + tableCount * tableBytes + count * largestBlockBytes
    return { requests: Math.max(LEAST_SHARDS, this.budget.requests - 2 - tableCount - count), bytes: this.budget.bytes - bytes }
  }

  async #read(signal: AbortSignal, hits: readonly Hit[], isUsed: (score: number) => boolean): Promise<PassageHit[]> {
    const { passagesPerBlock, tables } = this.manifest
    const blocks = hits.map(({ passage }) => Math.floor(passage / passagesPerBlock))
    const tableBytes = await each(blocks.map((block) => Math.floor(block / TABLE_BLOCKS)), async (table) => this.deps.fetchShard(signal, tables[table]!)) // prettier-ignore
    const rows = await each(blocks, async (block) => {
      const table = Math.floor(block / TABLE_BLOCKS)
      const entry = this.#orDamaged(tables[table]!.name, () => readEntry(tableBytes.get(table)!, block % TABLE_BLOCKS, blockName(block)))
      return this.#unpack(entry.name, await this.deps.fetchShard(signal, entry))
    })
    return hits.map(({ passage, score }, i) => {
      const found = rows.get(blocks[i]!)![passage % passagesPerBlock]
      if (!found) throw this.#damaged(blockName(blocks[i]!), `passage ${passage} is missing`)
      return { ...found, score, used: isUsed(score) }
    })
  }

  async #unpack(name: string, bytes: Uint8Array): Promise<Passage[]> {
    try {
      const json = JSON.parse(new TextDecoder().decode(await this.deps.inflate(bytes.slice()))) as [string, string, string, string][]
      return json.map(([id, title, source, text]) => ({ id, title, source, text }))
    } catch {
      throw this.#damaged(name, 'it cannot be unpacked')
    }
  }

  #orDamaged<T>(name: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw error instanceof RangeError ? this.#damaged(name, error.message) : error
    }
  }
  #damaged(file: string, reason: string): AppError {
    return new AppError('library_damaged', { name: this.manifest.title, file, reason })
  }
}

/** The result of `load` for each distinct number, loaded together. */
async function each<T>(numbers: readonly number[], load: (number: number) => Promise<T>): Promise<Map<number, T>> {
  return new Map(await Promise.all(Array.from(new Set(numbers), async (number) => [number, await load(number)] as const)))
}
