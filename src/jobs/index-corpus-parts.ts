// A corpus file of any size, in parts that a reader of whole files can hold: cut between lines, and in a CSV between rows, each part under
// the header. Only the present part is in memory.
import { decodeText } from '../core/dataset/decode'
import { guessDelimiter, parseCsv } from '../core/dataset/parse-csv'
import { AppError } from '../core/errors'
import { CORPUS_MEGABYTES, corpusKind, type CorpusFile, type CorpusKind } from '../core/retrieve'

export const PART_BYTES = 16_000_000
/** Kinds are told from the beginning of a file. */
const HEAD_BYTES = 1_000_000
const MEGABYTE = 1_000_000

export function headOf(file: CorpusFile): CorpusFile {
  return { ...file, bytes: Math.min(file.bytes, HEAD_BYTES) }
}

/** The kind of a file, without the limit that files held as a whole have. Rejects with corpus_binary, corpus_empty, file_unreadable. */
export function kindOfAny(file: CorpusFile): Promise<CorpusKind> {
  return corpusKind(headOf(file))
}

/**
 * Parts of at most about `partBytes`, in order, and the bytes of the file that have been read with each. Web pages, Markdown and UTF-16 are not
 * cut. Rejects with file_too_large where a file that cannot be cut, or one line, is over the limit, with corpus_binary and file_unreadable.
 */
export async function* corpusParts(
  file: CorpusFile,
  kind: CorpusKind,
  partBytes = PART_BYTES,
): AsyncGenerator<{ part: CorpusFile; read: number }> {
  if (file.bytes <= partBytes || kind === 'parquet') {
    yield { part: file, read: file.bytes }
    return
  }
  if ((kind !== 'csv' && kind !== 'jsonl' && kind !== 'txt') || (await isUtf16(file))) {
    if (file.bytes > CORPUS_MEGABYTES.text * MEGABYTE) throw tooLarge(file.name, file.bytes)
    yield { part: file, read: file.bytes }
    return
  }
  if (kind === 'csv') yield* csvParts(file, partBytes)
  else for await (const { bytes, read } of lineParts(file, partBytes)) yield { part: inMemory(file.name, bytes), read }
}

async function* lineParts(file: CorpusFile, partBytes: number): AsyncGenerator<{ bytes: Uint8Array<ArrayBuffer>; read: number }> {
  let size = partBytes
  for (let at = 0; at < file.bytes;) {
    const end = Math.min(at + size, file.bytes)
    const bytes = await file.slice(at, end)
    const length = end === file.bytes ? bytes.length : bytes.lastIndexOf(10) + 1
    if (length === 0) {
      if (size > CORPUS_MEGABYTES.text * MEGABYTE) throw tooLarge(file.name, size)
      size *= 2
      continue
    }
    at += length
    size = partBytes
    yield { bytes: bytes.subarray(0, length), read: at }
  }
}

async function* csvParts(file: CorpusFile, partBytes: number): AsyncGenerator<{ part: CorpusFile; read: number }> {
  const encoder = new TextEncoder()
  let header = ''
  let delimiter = ''
  let rest = ''
  for await (const { bytes, read } of lineParts(file, partBytes)) {
    const decoded = decodeText(bytes)
    if (decoded === null) throw new AppError('corpus_binary', { file: file.name, kind: 'binary data' })
    const text = rest + decoded.text
    if (header === '') {
      delimiter = guessDelimiter(text)
      parseCsv(text, delimiter, (_, { end }) => {
        header = text.slice(0, end)
        return false
      })
    }
    const isFirst = read - bytes.length === 0
    const end = read === file.bytes ? text.length : wholeRows(text, delimiter)
    rest = text.slice(end)
    if (rest.length > CORPUS_MEGABYTES.text * MEGABYTE) throw tooLarge(file.name, rest.length)
    if (end > 0) yield { part: inMemory(file.name, encoder.encode((isFirst ? '' : header) + text.slice(0, end))), read }
  }
}

/** Length of the rows that are surely whole: a quotation mark without its pair near the end may have it in the next part. */
function wholeRows(text: string, delimiter: string): number {
  let whole = 0
  let isWaiting = false
  parseCsv(text, delimiter, (_, { end, isQuoteBroken }) => {
    isWaiting = isQuoteBroken && whole > text.length / 2
    if (!isWaiting) whole = end
    return !isWaiting
  })
  return whole
}

async function isUtf16(file: CorpusFile): Promise<boolean> {
  const [first, second] = await file.slice(0, 2)
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}
function inMemory(name: string, bytes: Uint8Array<ArrayBuffer>): CorpusFile {
  return { name, bytes: bytes.length, slice: (start, end) => Promise.resolve(bytes.slice(start, end)) }
}
function tooLarge(file: string, bytes: number): AppError {
  return new AppError('file_too_large', { file, megabytes: Math.ceil(bytes / MEGABYTE), limit: CORPUS_MEGABYTES.text })
}
