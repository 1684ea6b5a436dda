// The postings of an index builder -> posting shards and what the directory lists. A long list has a shard of its own, so that a question
// fetches little that it did not ask for; the other listed terms share shards with their company (sharded-company.ts); the many rare terms,
// which the directory has no room for, are spread by hash.
import { idf, type Bm25Settings } from './bm25'
import type { IndexBuilder } from './index-builder'
import { LONGEST_PASSAGE, type TermPostings } from './index-file'
import { ByteReader, ByteWriter } from './sharded-bytes'
import { groupByCompany } from './sharded-company'
import type { DirectoryContent, ListedTerm } from './sharded-directory'
import { termHash } from './sharded-format'
import { levelOf, writeImpacts } from './sharded-impacts'
import { writeShard, type TermList } from './sharded-shard'

export interface ShardSettings {
  /** Most postings of a term; the best are kept. */
  longestList: number
  /** A listed term with a list of at least so many bytes has a shard of its own. */
  ownShardBytes: number
  /** Mean size of the other shards. */
  sharedShardBytes: number
  /** Most terms in the directory, where they cost about 9 bytes each. */
  listedTerms: number
}
/** Passages by which the company of a term is told. */
const SAMPLE = 1024
/** Chosen so that a cold question stays under 3 MB and 25 requests on a million passages: docs/big-libraries.md. */
export const SHARD_SETTINGS: ShardSettings = { longestList: 65_536, ownShardBytes: 49_152, sharedShardBytes: 114_688, listedTerms: 32_768 }

/** Gives the shards in the order of their numbers and returns the rest of the directory. */
export function* buildShards(
  index: Pick<IndexBuilder, 'terms' | 'lengths'>,
  bm25: Bm25Settings,
  settings: ShardSettings,
): Generator<Uint8Array<ArrayBuffer>, Omit<DirectoryContent, 'shards'>> {
  const terms = index.terms().sort((a, b) => (a.term < b.term ? -1 : 1))
  const frequent = mostFrequent(terms, settings.listedTerms)
  const encode = createListEncoder(index.lengths, bm25, settings.longestList)
  const listed: ListedTerm[] = []
  const grouped: (TermList & { listedAt: number; passages: Uint32Array })[] = []
  const rare: TermList[] = []
  let shards = 0
  for (const postings of terms) {
    const { term, documentFrequency } = postings
    const { list, passages } = encode(postings)
    if (!frequent.has(term)) rare.push({ term, documentFrequency, list })
    else if (list.length >= settings.ownShardBytes) {
      listed.push({ term, documentFrequency, shard: shards++ })
      yield writeShard([{ term, documentFrequency, list }])
    } else {
      const listedAt = listed.push({ term, documentFrequency, shard: -1 }) - 1
      grouped.push({ term, documentFrequency, list, listedAt, passages: sample(passages) })
    }
  }
  const count = index.lengths.length
  const described = grouped.map(({ term, documentFrequency, list, passages }) => ({
    bytes: sizeOf({ term, list }),
    weight: idf(count, documentFrequency),
    passages,
  }))
  for (const members of collect(grouped, groupByCompany(described, count, settings.sharedShardBytes))) {
    for (const { listedAt } of members) listed[listedAt]!.shard = shards
    shards++
    yield writeShard(members)
  }
  const rareBytes = rare.reduce((sum, list) => sum + sizeOf(list), 0)
  const hashedShards = Math.ceil(rareBytes / settings.sharedShardBytes)
  const hashes = rare.map(({ term }) => termHash(term) % hashedShards)
  for (const members of collect(rare, hashes, hashedShards)) yield writeShard(members)
  return { terms: listed, listedShards: shards, areAllListed: rare.length === 0 }
}

/** About what a term takes in a shard. */
function sizeOf({ term, list }: Pick<TermList, 'term' | 'list'>): number {
  return term.length + list.length + 4
}

/** Members of each group, in order. */
function collect<T>(items: readonly T[], groups: ArrayLike<number>, count = 0): T[][] {
  const members: T[][] = Array.from({ length: count }, () => [])
  for (const [i, item] of items.entries()) (members[groups[i]!] ??= []).push(item)
  return members
}

/** At most SAMPLE of the passages, evenly. */
function sample(passages: Uint32Array): Uint32Array {
  const step = Math.max(1, passages.length / SAMPLE)
  return Uint32Array.from({ length: Math.floor(passages.length / step) }, (_, i) => passages[Math.floor(i * step)]!)
}

/** By document frequency, ties by term; `terms` are sorted. */
function mostFrequent(terms: readonly TermPostings[], count: number): Set<string> {
  const sorted = [...terms].sort((a, b) => b.documentFrequency - a.documentFrequency)
  return new Set(sorted.slice(0, count).map(({ term }) => term))
}

function createListEncoder(lengths: readonly number[], { k1, b }: Bm25Settings, longest: number) {
  const capped = Uint16Array.from(lengths, (length) => Math.min(length, LONGEST_PASSAGE))
  const averageLength = capped.reduce((sum, length) => sum + length, 0) / capped.length
  const norms = Float64Array.from(capped, (length) => k1 * (1 - b + (b * length) / averageLength))
  const passages = new Uint32Array(lengths.length)
  const levels = new Uint8Array(lengths.length)
  const out = new ByteWriter()
  return ({ documentFrequency, postingBytes, copyPostings }: TermPostings): { list: Uint8Array; passages: Uint32Array } => {
    const bytes = new Uint8Array(postingBytes)
    copyPostings(bytes, 0)
    const reader = new ByteReader(bytes)
    let passage = -1
    for (let i = 0; i < documentFrequency; i++) {
      const value = reader.varint()
      const tf = value & 1 ? reader.varint() + 2 : 1
      passage += (value >>> 1) + 1
      passages[i] = passage
      levels[i] = levelOf(tf / (tf + norms[passage]!))
    }
    writeImpacts(out, passages, levels, documentFrequency, longest)
    return { list: out.take(), passages: passages.subarray(0, documentFrequency) }
  }
}
