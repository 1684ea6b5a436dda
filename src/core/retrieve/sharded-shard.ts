// One file of postings: terms in any order, each with its document frequency in the whole library and its list (sharded-impacts.ts).
//   header  2 x u32: magic "PWPS", version
//   terms   text, document frequency, bytes of the list, list
import { ByteReader, ByteWriter } from './sharded-bytes'

const MAGIC = 0x53505750
const VERSION = 1
const HEADER_BYTES = 8

export interface TermList {
  term: string
  documentFrequency: number
  list: Uint8Array
}
export interface FoundList {
  documentFrequency: number
  /** Where the list stands in the shard. */
  start: number
  end: number
}

export function writeShard(terms: Iterable<TermList>): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter()
  const header = new Uint8Array(HEADER_BYTES)
  const view = new DataView(header.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, VERSION, true)
  out.append(header)
  for (const { term, documentFrequency, list } of terms) {
    out.text(term)
    out.varint(documentFrequency)
    out.varint(list.length)
    out.append(list)
  }
  return out.take()
}

/** Those of the `wanted` terms that the shard holds. Throws RangeError on damaged bytes. */
export function findTerms(shard: Uint8Array, wanted: ReadonlySet<string>): Map<string, FoundList> {
  const view = new DataView(shard.buffer, shard.byteOffset, shard.byteLength)
  if (shard.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== VERSION)
    throw new RangeError('it is not a shard of this version')
  const found = new Map<string, FoundList>()
  const reader = new ByteReader(shard, HEADER_BYTES)
  while (!reader.isDone && found.size < wanted.size) {
    const term = reader.text()
    const documentFrequency = reader.varint()
    const start = reader.skip(reader.varint())
    if (wanted.has(term)) found.set(term, { documentFrequency, start, end: reader.at })
  }
  return found
}
