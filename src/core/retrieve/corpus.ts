// A visitor's files -> documents to index: kind by name and first bytes, texts by kind. Nothing is read twice and no more than one
// file is held as text; Parquet is read a row group at a time. What cannot be read is an AppError that names the file.
import { binaryKind } from '../dataset/binary'
import { decodeText } from '../dataset/decode'
import { AppError } from '../errors'
import { columnAt, guessColumns } from './corpus-columns'
import { htmlSections } from './corpus-html'
import { markdownSections } from './corpus-markdown'
import { csvRows, jsonRows, tableColumns, type CorpusRow } from './corpus-tables'
import { cutText, type Section } from './corpus-text'

export const CORPUS_KINDS = ['csv', 'jsonl', 'txt', 'markdown', 'html', 'parquet'] as const
export type CorpusKind = (typeof CORPUS_KINDS)[number]

/** Of one file that is held as text, of a Parquet file, and of all files of a library together. */
export const CORPUS_MEGABYTES = { text: 200, parquet: 1000, total: 1000 } as const
const MEGABYTE = 1_000_000
const HEAD_BYTES = 262_144

/** A file wherever it lies. `slice` rejects with file_unreadable. */
export interface CorpusFile {
  name: string
  bytes: number
  slice(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>
}
export interface CorpusColumns {
  /** Column of the texts in tables; null: the one that each table's names and values suggest. */
  text: string | null
  title: string | null
}
export interface CorpusDocument {
  title: string
  /** Where it stands, ready to show: "notes.csv, row 12". */
  source: string
  text: string
  /** How much of the file has been read with it, 0 … 1. */
  share: number
}
export interface ParquetTable {
  columns: string[]
  rowCount: number
  /** The cells of these columns as text, a batch of rows at a time, from the top. Rejects with parquet_unreadable. */
  read(columns: readonly string[], rows: number): AsyncIterable<string[][]>
}
/** Rejects with parquet_unreadable. Implementation: adapters/parquet. */
export type OpenParquet = (file: CorpusFile) => Promise<ParquetTable>

/** Rejects with corpus_binary, corpus_empty, file_too_large. */
export async function corpusKind(file: CorpusFile): Promise<CorpusKind> {
  const limitTo = (limit: number): void => {
    if (file.bytes > limit * MEGABYTE)
      throw new AppError('file_too_large', { file: file.name, megabytes: Math.ceil(file.bytes / MEGABYTE), limit })
  }
  if (file.bytes === 0) throw new AppError('corpus_empty', { files: file.name })
  const head = await file.slice(0, Math.min(HEAD_BYTES, file.bytes))
  if (String.fromCharCode(...head.subarray(0, 4)) === 'PAR1') {
    limitTo(CORPUS_MEGABYTES.parquet)
    return 'parquet'
  }
  const kind = binaryKind(head)
  const isPage = kind === 'web page'
  if (kind !== null && !isPage) throw new AppError('corpus_binary', { file: file.name, kind })
  if (decodeText(wholeLines(head)) === null) throw new AppError('corpus_binary', { file: file.name, kind: 'binary data' })
  limitTo(CORPUS_MEGABYTES.text)
  return isPage ? 'html' : kindOfName(file.name)
}

/** Columns of a table and a few of its rows; none for texts. Reads the head of the file where that is enough. */
export async function lookInside(
  file: CorpusFile,
  kind: CorpusKind,
  openParquet: OpenParquet,
): Promise<{ columns: string[]; rows: string[][] }> {
  if (kind === 'parquet') {
    const table = await openParquet(file)
    for await (const rows of table.read(table.columns, SAMPLE_ROWS)) return { columns: table.columns, rows }
    return { columns: table.columns, rows: [] }
  }
  if (kind !== 'csv' && kind !== 'jsonl') return { columns: [], rows: [] }
  const head = wholeLines(await file.slice(0, Math.min(HEAD_BYTES, file.bytes)))
  const seen = tableColumns(kind, textOf(file.name, head), SAMPLE_ROWS)
  if (seen.columns.length > 0 || head.length === file.bytes) return seen
  return tableColumns(kind, textOf(file.name, await file.slice(0, file.bytes)), SAMPLE_ROWS)
}
const SAMPLE_ROWS = 50

/** The documents of a file, in order. Rejects with corpus_column, corpus_json, corpus_binary, parquet_unreadable, file_unreadable. */
export async function* readCorpus(
  file: CorpusFile,
  kind: CorpusKind,
  columns: CorpusColumns,
  openParquet: OpenParquet,
): AsyncGenerator<CorpusDocument> {
  switch (kind) {
    case 'parquet':
      yield* fromRows(file.name, parquetRows(file, columns, openParquet))
      return
    case 'csv':
      yield* fromRows(file.name, csvRows(file.name, textOf(file.name, await file.slice(0, file.bytes)), columns))
      return
    case 'jsonl':
      yield* fromRows(file.name, jsonRows(file.name, textOf(file.name, await file.slice(0, file.bytes)), columns))
      return
    case 'txt':
    case 'markdown':
    case 'html':
      yield* fromSections(file.name, sectionsOf(kind, textOf(file.name, await file.slice(0, file.bytes))))
      return
    default:
      kind satisfies never
  }
}

/** A file name without its extension. */
export function baseName(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.[A-Za-z0-9]{1,8}$/, '') || file
}

function kindOfName(name: string): CorpusKind {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  if (['csv', 'tsv'].includes(extension)) return 'csv'
  if (['jsonl', 'ndjson', 'json'].includes(extension)) return 'jsonl'
  if (['md', 'markdown', 'mdx', 'rmd', 'qmd'].includes(extension)) return 'markdown'
  if (['html', 'htm', 'xhtml'].includes(extension)) return 'html'
  return 'txt'
}

/** Without the cut line at the end of a head, whose last character may be half there. */
function wholeLines(head: Uint8Array): Uint8Array {
  const end = head.length < HEAD_BYTES ? head.length : head.lastIndexOf(10) + 1
  return end > 0 ? head.subarray(0, end) : head
}

function textOf(file: string, bytes: Uint8Array): string {
  const decoded = decodeText(bytes)
  if (decoded === null) throw new AppError('corpus_binary', { file, kind: 'binary data' })
  return decoded.text
}

function sectionsOf(kind: 'txt' | 'markdown' | 'html', text: string): Section[] {
  if (kind === 'txt') return [{ title: '', text }]
  return kind === 'markdown' ? markdownSections(text) : htmlSections(text)
}

function* fromSections(file: string, sections: readonly Section[]): Generator<CorpusDocument> {
  const total = sections.reduce((sum, { text }) => sum + text.length, 0)
  let done = 0
  for (const { title, text } of sections)
    for (const piece of cutText(text)) {
      done += piece.length
      yield { title: title || baseName(file), source: file, text: piece, share: total > 0 ? done / total : 1 }
    }
}

async function* fromRows(file: string, rows: Iterable<CorpusRow> | AsyncIterable<CorpusRow>): AsyncGenerator<CorpusDocument> {
  for await (const { row, title, text, share } of rows)
    for (const piece of cutText(text)) yield { title: title || baseName(file), source: `${file}, row ${row}`, text: piece, share }
}

async function* parquetRows(file: CorpusFile, { text, title }: CorpusColumns, openParquet: OpenParquet): AsyncGenerator<CorpusRow> {
  const table = await openParquet(file)
  const chosen = text ?? guessColumns(table.columns, []).text ?? ''
  columnAt(file.name, table.columns, chosen)
  const read = title !== null && table.columns.includes(title) ? [chosen, title] : [chosen]
  let row = 0
  for await (const rows of table.read(read, table.rowCount))
    for (const cells of rows) {
      row += 1
      yield { row, text: cells[0]!, title: cells[1] ?? '', share: row / table.rowCount }
    }
}
