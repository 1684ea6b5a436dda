// The index as bytes, searched as it stands: on opening only the first term of each block is unpacked, so memory is little more than the
// file. All numbers little-endian.
//   header      8 x u32: magic "PWIX", version, passages, terms, blocks, dictionary bytes, posting bytes, terms of all passages together
//   blocks      (blocks + 1) x 2 x u32: where each block of 16 terms starts in the dictionary, and where its postings start
//   lengths     passages x u16: length of each passage in terms, at most 65,535
//   dictionary  terms in the order of their UTF-16 units, front-coded in blocks: bytes shared with the term before, bytes of its own, those
//               bytes (UTF-8), document frequency, posting bytes; numbers as varints
//   postings    term after term: see IndexBuilder
import { AppError } from '../errors'

export interface TermPostings {
  term: string
  documentFrequency: number
  postingBytes: number
  copyPostings(target: Uint8Array, offset: number): void
}

/** Where the postings of a term stand in `PassageIndex.postings`. */
export interface PostingRange {
  documentFrequency: number
  start: number
  end: number
}

export interface PassageIndex {
  readonly passages: number
  readonly terms: number
  /** Length of each passage in terms. */
  readonly lengths: Uint16Array
  readonly averageLength: number
  readonly postings: Uint8Array
  find(term: string): PostingRange | null
}

const MAGIC = 0x58495750
const VERSION = 1
const HEADER_WORDS = 8
const BLOCK_TERMS = 16
export const LONGEST_PASSAGE = 0xffff

/** `lengths[p]`: terms of passage p. */
export function writeIndex(terms: TermPostings[], lengths: readonly number[]): Uint8Array<ArrayBuffer> {
  const sorted = [...terms].sort((a, b) => (a.term < b.term ? -1 : 1))
  const { dictionary, blocks } = writeDictionary(sorted)
  const postingBytes = sorted.reduce((sum, { postingBytes }) => sum + postingBytes, 0)
  const capped = lengths.map((length) => Math.min(length, LONGEST_PASSAGE))
  const blockCount = blocks.length / 2 - 1
  const total = capped.reduce((sum, length) => sum + length, 0)
  const header = [MAGIC, VERSION, lengths.length, terms.length, blockCount, dictionary.length, postingBytes, total]

  const lengthsAt = (HEADER_WORDS + blocks.length) * 4
  const dictionaryAt = lengthsAt + lengths.length * 2
  const file = new Uint8Array(dictionaryAt + dictionary.length + postingBytes)
  const view = new DataView(file.buffer)
  for (const [i, value] of [...header, ...blocks].entries()) view.setUint32(i * 4, value, true)
  for (const [i, length] of capped.entries()) view.setUint16(lengthsAt + i * 2, length, true)
  file.set(dictionary, dictionaryAt)
  let at = dictionaryAt + dictionary.length
  for (const term of sorted) {
    term.copyPostings(file, at)
    at += term.postingBytes
  }
  return file
}

/** Opens an index file. `library` and `file` name it in errors. Throws library_damaged. */
export function openIndex(bytes: Uint8Array, names: { library: string; file: string }): PassageIndex {
  const damaged = (reason: string): AppError => new AppError('library_damaged', { name: names.library, file: names.file, reason })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEADER_WORDS * 4) throw damaged('it is cut short')
  const word = (index: number): number => view.getUint32(index * 4, true)
  if (word(0) !== MAGIC) throw damaged('it is not an index')
  if (word(1) !== VERSION) throw damaged(`its version is ${word(1)}, not ${VERSION}`)
  const [passages, terms, blockCount, dictionaryBytes, postingBytes, total] = [word(2), word(3), word(4), word(5), word(6), word(7)]
  const lengthsAt = (HEADER_WORDS + (blockCount + 1) * 2) * 4
  const dictionaryAt = lengthsAt + passages * 2
  const postingsAt = dictionaryAt + dictionaryBytes
  if (postingsAt + postingBytes !== bytes.length || blockCount !== Math.ceil(terms / BLOCK_TERMS))
    throw damaged('its parts do not add up to its size')

  const blocks = Uint32Array.from({ length: (blockCount + 1) * 2 }, (_, i) => word(HEADER_WORDS + i))
  const lengths = Uint16Array.from({ length: passages }, (_, i) => view.getUint16(lengthsAt + i * 2, true))
  const dictionary = bytes.subarray(dictionaryAt, postingsAt)
  const orDamaged = <T>(read: () => T): T => {
    try {
      return read()
    } catch (error) {
      throw error instanceof RangeError ? damaged('its dictionary cannot be read') : error
    }
  }
  const firstTerms = orDamaged(() => Array.from({ length: blockCount }, (_, i) => new TermReader(dictionary, blocks[i * 2]!).next().term))
  const find = (term: string): PostingRange | null => {
    const block = lastNotAfter(firstTerms, term)
    return block < 0 ? null : orDamaged(() => findInBlock(dictionary, blocks, block, postingBytes, term))
  }
  return { passages, terms, lengths, averageLength: passages > 0 ? total / passages : 0, postings: bytes.subarray(postingsAt), find }
}

function writeDictionary(sorted: readonly TermPostings[]): { dictionary: Uint8Array; blocks: number[] } {
  const encoder = new TextEncoder()
  const out: number[] = []
  const blocks: number[] = []
  let before = new Uint8Array()
  let postingsAt = 0
  for (const [i, { term, documentFrequency, postingBytes }] of sorted.entries()) {
    const own = encoder.encode(term)
    let shared = 0
    if (i % BLOCK_TERMS === 0) blocks.push(out.length, postingsAt)
    else while (shared < own.length && shared < before.length && own[shared] === before[shared]) shared++
    pushVarint(out, shared)
    pushVarint(out, own.length - shared)
    for (let at = shared; at < own.length; at++) out.push(own[at]!)
    pushVarint(out, documentFrequency)
    pushVarint(out, postingBytes)
    before = own
    postingsAt += postingBytes
  }
  blocks.push(out.length, postingsAt)
  return { dictionary: Uint8Array.from(out), blocks }
}

/** Index of the last of the sorted `terms` that is not after `wanted`; -1 if all are. */
function lastNotAfter(terms: readonly string[], wanted: string): number {
  let low = 0
  let high = terms.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (terms[middle]! <= wanted) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Term by term through a block. Throws RangeError where the bytes make no sense. */
function findInBlock(
  dictionary: Uint8Array,
  blocks: Uint32Array,
  block: number,
  postingBytes: number,
  wanted: string,
): PostingRange | null {
  const reader = new TermReader(dictionary, blocks[block * 2]!)
  const end = blocks[block * 2 + 2]!
  let start = blocks[block * 2 + 1]!
  while (reader.at < end) {
    const { term, documentFrequency, size } = reader.next()
    if (term > wanted) return null
    if (term === wanted) {
      if (start + size > postingBytes) throw new RangeError('postings out of range')
      return { documentFrequency, start, end: start + size }
    }
    start += size
  }
  return null
}

class TermReader {
  static readonly #decoder = new TextDecoder()
  #before = new Uint8Array()

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  next(): { term: string; documentFrequency: number; size: number } {
    const shared = this.#varint()
    const own = this.#varint()
    if (shared > this.#before.length || this.at + own > this.bytes.length) throw new RangeError('term out of range')
    const term = new Uint8Array(shared + own)
    term.set(this.#before.subarray(0, shared))
    term.set(this.bytes.subarray(this.at, this.at + own), shared)
    this.at += own
    this.#before = term
    return { term: TermReader.#decoder.decode(term), documentFrequency: this.#varint(), size: this.#varint() }
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) break
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw new RangeError('number out of range')
  }
}

function pushVarint(out: number[], value: number): void {
  while (value > 127) {
    out.push((value & 127) | 128)
    value >>>= 7
  }
  out.push(value)
}
