// What a question must know before it reads postings: where each term stands, how much that costs, and how much the term tells.
// The most frequent terms are listed with their document frequency and their shard; a term that is not listed is rarer than all of these (or
// nowhere), and stands in the shard of its hash.
//   header   6 x u32: magic "PWSD", version, shards, shards of listed terms (they come first), listed terms, whether all terms are listed
//   entries  size and hash of each shard (sharded-format.ts)
//   terms    in the order of their UTF-16 units: bytes shared with the term before, bytes of its own, those bytes (UTF-8),
//            document frequency, shard
import { AppError } from '../errors'
import { ByteReader, ByteWriter } from './sharded-bytes'
import { ENTRY_BYTES, postingShardName, readEntry, termHash, writeEntries, type ShardEntry } from './sharded-format'

const MAGIC = 0x44535750
const VERSION = 1
const HEADER_WORDS = 6

export interface ListedTerm {
  term: string
  documentFrequency: number
  shard: number
}
export interface DirectoryContent {
  /** Those of listed terms first, then those of a hash. */
  shards: readonly ShardEntry[]
  listedShards: number
  /** In the order of their UTF-16 units. */
  terms: readonly ListedTerm[]
  areAllListed: boolean
}

export interface Directory {
  readonly shards: number
  entry(shard: number): ShardEntry
  /** Shard and document frequency of a term; of a term that is not listed, the most it may be. null: in no shard. */
  locate(term: string): { shard: number; documentFrequency: number } | null
}

export function writeDirectory({ shards, listedShards, terms, areAllListed }: DirectoryContent): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter()
  const header = new Uint8Array(HEADER_WORDS * 4)
  const view = new DataView(header.buffer)
  const words = [MAGIC, VERSION, shards.length, listedShards, terms.length, areAllListed ? 1 : 0]
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true)
  out.append(header)
  out.append(writeEntries(shards))
  const encoder = new TextEncoder()
  let before = new Uint8Array()
  for (const { term, documentFrequency, shard } of terms) {
    const bytes = encoder.encode(term)
    let shared = 0
    while (shared < bytes.length && shared < before.length && bytes[shared] === before[shared]) shared++
    out.varint(shared)
    out.varint(bytes.length - shared)
    out.append(bytes.subarray(shared))
    out.varint(documentFrequency)
    out.varint(shard)
    before = bytes
  }
  return out.take()
}

/** Throws library_damaged. `names` name it in errors. */
export function openDirectory(bytes: Uint8Array, names: { library: string; file: string }): Directory {
  const damaged = (reason: string): AppError => new AppError('library_damaged', { name: names.library, file: names.file, reason })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEADER_WORDS * 4 || view.getUint32(0, true) !== MAGIC) throw damaged('it is not a directory')
  const [version, shards, listedShards, count, all] = [1, 2, 3, 4, 5].map((i) => view.getUint32(i * 4, true)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  if (version !== VERSION) throw damaged(`its version is ${version}, not ${VERSION}`)
  const termsAt = HEADER_WORDS * 4 + shards * ENTRY_BYTES
  if (listedShards > shards || termsAt > bytes.length) throw damaged('its parts do not add up to its size')
  const entries = bytes.subarray(HEADER_WORDS * 4, termsAt)
  let listed: Map<string, { documentFrequency: number; shard: number }>
  try {
    listed = readTerms(new ByteReader(bytes, termsAt), count, listedShards)
  } catch (error) {
    throw error instanceof RangeError ? damaged('its terms cannot be read') : error
  }
  let least = Infinity
  for (const { documentFrequency } of listed.values()) least = Math.min(least, documentFrequency)
  return {
    shards,
    entry: (shard) => readEntry(entries, shard, postingShardName(shard)),
    locate(term) {
      const found = listed.get(term)
      if (found) return found
      if (all === 1 || shards === listedShards) return null
      return { shard: listedShards + (termHash(term) % (shards - listedShards)), documentFrequency: least }
    },
  }
}

function readTerms(reader: ByteReader, count: number, listedShards: number): Map<string, { documentFrequency: number; shard: number }> {
  const decoder = new TextDecoder()
  const terms = new Map<string, { documentFrequency: number; shard: number }>()
  let before = new Uint8Array()
  for (let i = 0; i < count; i++) {
    const shared = reader.varint()
    const length = reader.varint()
    const start = reader.skip(length)
    if (shared > before.length) throw new RangeError('term out of range')
    const term = new Uint8Array(shared + length)
    term.set(before.subarray(0, shared))
    term.set(reader.bytes.subarray(start, reader.at), shared)
    const place = { documentFrequency: reader.varint(), shard: reader.varint() }
    if (place.shard >= listedShards) throw new RangeError('shard out of range')
    terms.set(decoder.decode(term), place)
    before = term
  }
  return terms
}
