// Rows of a CSV or JSON Lines corpus: a text and its title. Unlike a question file (core/dataset) a corpus may have one column, and
// its rows are handed on one at a time, so that a file of a million rows is not a million arrays.
import { cellText, isRecord } from '../dataset/choices'
import { guessDelimiter, parseCsv } from '../dataset/parse-csv'
import { records } from '../dataset/read-jsonl'
import { AppError } from '../errors'
import { columnAt, guessColumns } from './corpus-columns'

export interface CorpusRow {
  /** 1-based; the header is not counted. */
  row: number
  title: string
  text: string
  /** How much of the file has been read with it, 0 … 1. */
  share: number
}
interface Columns {
  text: string | null
  title: string | null
}

const ROWS_AT_ONCE = 512
const MAX_COLUMNS = 1000

/** The columns and the first `count` rows of a table. */
export function tableColumns(kind: 'csv' | 'jsonl', text: string, count: number): { columns: string[]; rows: string[][] } {
  const rows: string[][] = []
  if (kind === 'csv') {
    const { body, delimiter } = csvBody(text)
    parseCsv(body, delimiter, (cells) => rows.push(cells) <= count)
    return { columns: (rows[0] ?? []).map((cell) => cell.trim()), rows: rows.slice(1) }
  }
  const columns = new Set<string>()
  const values: Record<string, unknown>[] = []
  for (const { value } of records(text)) {
    if (!isRecord(value)) continue
    for (const name of Object.keys(value)) if (columns.size < MAX_COLUMNS) columns.add(name)
    if (values.push(value) === count) break
  }
  return { columns: [...columns], rows: values.map((value) => Array.from(columns, (name) => cellText(value[name]))) }
}

/** Throws corpus_column where a column is chosen that the file has not. */
export function* csvRows(file: string, text: string, { text: wanted, title }: Columns): Generator<CorpusRow> {
  const { body, delimiter } = csvBody(text)
  const { columns, rows } = tableColumns('csv', body.slice(0, 262_144), 50)
  const textAt = columnAt(file, columns, wanted ?? guessColumns(columns, rows).text ?? '')
  const titleAt = title === null ? -1 : columns.indexOf(title)
  let row = -1
  for (let at = 0; at < body.length;) {
    const found: CorpusRow[] = []
    let read = body.length - at
    parseCsv(body.slice(at), delimiter, (cells, { end }) => {
      row += 1
      read = end
      const share = (at + end) / body.length
      if (row > 0) found.push({ row, text: cells[textAt] ?? '', title: cells[titleAt] ?? '', share })
      return found.length < ROWS_AT_ONCE
    })
    yield* found
    if (found.length < ROWS_AT_ONCE) return
    at += read
  }
}

/** Lines that are no JSON objects are passed over. Throws corpus_json where none is, and corpus_column. */
export function* jsonRows(file: string, text: string, { text: wanted, title }: Columns): Generator<CorpusRow> {
  const { columns, rows } = tableColumns('jsonl', text, 50)
  if (columns.length === 0) throw new AppError('corpus_json', { file })
  const name = wanted ?? guessColumns(columns, rows).text ?? ''
  let isThere = false
  for (const { line, value, end } of records(text)) {
    if (!isRecord(value)) continue
    isThere ||= name in value
    yield {
      row: line,
      text: cellText(value[name]),
      title: title === null ? '' : cellText(value[title]),
      share: end / text.length,
    }
  }
  if (!isThere) columnAt(file, columns, name)
}

function csvBody(text: string): { body: string; delimiter: string } {
  // Excel's own hint, in a line before the header
  const hint = /^sep=([,;\t])\r?\n/i.exec(text)
  const body = hint ? text.slice(hint[0].length) : text
  return { body, delimiter: hint?.[1] ?? guessDelimiter(body) }
}
