// CSV text -> table. The first line is the header; every row gets exactly as many cells as the header has.
import { AppError } from '../errors'
import type { Problem } from '../types'
import { clip } from './clip'
import { rowLimit, type Rows } from './limits'
import { guessDelimiter, parseCsv } from './parse-csv'

/** `onRow(end)` hears the offset that has been read. Throws file_one_column, file_header_only, file_too_many_rows. */
export function readCsv(file: string, text: string, onRow: (end: number) => void): Rows & { delimiter: string } {
  // Excel's own hint, in a line before the header
  const hint = /^sep=([,;\t])\r?\n/i.exec(text)
  const body = hint ? text.slice(hint[0].length) : text
  const delimiter = hint?.[1] ?? guessDelimiter(body)
  const problems: Problem[] = []
  const rows: string[][] = []
  const isDamaged = body.includes('\uFFFD')
  let columns: string[] | null = null

  parseCsv(body, delimiter, (cells, { end, isQuoteBroken }) => {
    if (columns === null) {
      columns = cells.map((cell) => cell.trim())
      if (columns.length < 2) throw new AppError('file_one_column', { file, column: clip(columns[0] ?? '') })
      problems.push(...duplicateHeaders(columns))
      if (isQuoteBroken) problems.push({ row: null, column: null, code: 'quote_unclosed', detail: {} })
      if (columns.some((column) => column.includes('\uFFFD'))) problems.push({ row: null, column: null, code: 'text_damaged', detail: {} })
      return true
    }
    const width = columns.length
    if (rows.length >= rowLimit(width)) throw new AppError('file_too_many_rows', { file, limit: rowLimit(width) })
    const row = rows.length + 1
    const note = (code: Problem['code'], detail: Problem['detail'] = {}) => problems.push({ row, column: null, code, detail })
    if (isQuoteBroken) note('quote_unclosed')
    if (cells.length < width) note('row_short', { cells: cells.length, columns: width })
    if (cells.slice(width).some((cell) => cell.trim() !== '')) note('row_long', { cells: cells.length, columns: width })
    if (isDamaged && cells.some((cell) => cell.includes('\uFFFD'))) note('text_damaged')
    while (cells.length < width) cells.push('')
    rows.push(cells.length > width ? cells.slice(0, width) : cells)
    onRow(end)
    return true
  })

  if (columns === null) throw new AppError('file_empty', { file })
  if (rows.length === 0) throw new AppError('file_header_only', { file })
  return { columns, rows, problems, delimiter }
}

function duplicateHeaders(columns: readonly string[]): Problem[] {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const column of columns) if (column !== '') (seen.has(column) ? repeated : seen).add(column)
  return [...repeated].map((column) => ({ row: null, column: clip(column), code: 'header_duplicate', detail: { column: clip(column) } }))
}
