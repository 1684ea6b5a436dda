// JSON Lines -> the same table as a CSV gives: one record a line (or a JSON list of records), options spread over columns A, B, C …
// Shapes: {question: {stem, choices}, answerKey, id}, {question, choices | options, answer}, and flat {id, prompt, A, B, …}; see choices.ts.
import { AppError } from '../errors'
import type { Problem } from '../types'
import { answerLetter, cellText, isRecord, readChoices, type Choice } from './choices'
import { ANSWER_NAMES, plainHeader } from './columns'
import { rowLimit, type Rows } from './limits'

const CHOICE_NAMES = ['choices', 'options', 'candidates', 'endings', 'alternatives', 'answerchoices']
/** Lists of records inside one object, as dataset servers answer. */
const LIST_NAMES = ['data', 'questions', 'examples', 'rows', 'items']
const MAX_COLUMNS = 1000

/** True if the file is JSON by its name or its first characters. */
export function isJson(file: string, text: string): boolean {
  return /\.(jsonl|ndjson|json)$/i.test(file) || /^\s*(\{|\[\s*[{\]])/.test(text.slice(0, 4096))
}

/** `onRow(end)` hears the offset that has been read. Throws file_json, file_one_column, file_too_many_rows. */
export function readJsonl(file: string, text: string, onRow: (end: number) => void): Rows {
  const columnOf = new Map<string, number>()
  const rows: string[][] = []
  const problems: Problem[] = []
  let readable = 0
  for (const { line, value, end } of records(text)) {
    const cells: string[] = []
    const row = rows.length + 1
    if (isRecord(value)) {
      readable++
      const { fields, choiceCount } = flatten(value)
      for (const [name, cell] of fields) {
        const column = columnOf.get(name) ?? columnOf.size
        if (column >= MAX_COLUMNS) continue
        columnOf.set(name, column)
        while (cells.length <= column) cells.push('')
        cells[column] = cell
      }
      if (choiceCount > 26) problems.push({ row, column: null, code: 'row_long', detail: { cells: choiceCount, columns: 26 } })
      if (cells.some((cell) => cell.includes('\uFFFD'))) problems.push({ row, column: null, code: 'text_damaged', detail: {} })
    } else problems.push({ row, column: null, code: 'line_unreadable', detail: { line } })
    const limit = rowLimit(columnOf.size)
    if (rows.length >= limit) throw new AppError('file_too_many_rows', { file, limit })
    rows.push(cells)
    onRow(end)
  }
  if (readable === 0) throw new AppError('file_json', { file })
  if (columnOf.size < 2) throw new AppError('file_one_column', { file, column: [...columnOf.keys()][0] ?? '' })
  for (const cells of rows) while (cells.length < columnOf.size) cells.push('')
  return { columns: [...columnOf.keys()], rows, problems }
}

/** A record's cells by column name; a later field with the same name is left out. */
function flatten(record: Record<string, unknown>): { fields: Map<string, string>; choiceCount: number } {
  const fields = new Map<string, string>()
  const answers: string[] = []
  let choices: Choice[] = []
  const add = (name: string, value: unknown): void => {
    const found = CHOICE_NAMES.includes(plainHeader(name)) ? readChoices(value) : null
    if (found !== null && choices.length === 0) {
      choices = found
      for (const choice of found.slice(0, 26)) setOnce(fields, choice.letter, choice.text)
    } else {
      if (ANSWER_NAMES.includes(plainHeader(name))) answers.push(name)
      setOnce(fields, name, cellText(value))
    }
  }
  for (const [name, value] of Object.entries(record)) {
    if (name !== 'question' || !isRecord(value)) add(name, value)
    else for (const [inner, item] of Object.entries(value)) add(CHOICE_NAMES.includes(inner) ? inner : `question.${inner}`, item)
  }
  for (const name of answers) fields.set(name, answerLetter(fields.get(name) ?? '', choices))
  return { fields, choiceCount: choices.length }
}

function setOnce(fields: Map<string, string>, name: string, cell: string): void {
  if (!fields.has(name)) fields.set(name, cell)
}

interface JsonRecord {
  /** 1-based line, or place in the list. */
  line: number
  /** undefined where the line is not JSON. */
  value: unknown
  end: number
}

/** Every record of the file, lazily: a corpus is read through it too. */
export function* records(text: string): Generator<JsonRecord> {
  const list = wholeList(text)
  if (list !== null) {
    for (const [i, value] of list.entries()) yield { line: i + 1, value, end: Math.floor((text.length * (i + 1)) / list.length) }
    return
  }
  let line = 0
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at)
    const end = newline < 0 ? text.length : newline + 1
    // A list with one record a line that was cut off is still read line by line.
    const record = text.slice(at, end).trim().replace(/,$/, '')
    line++
    at = end
    if (record !== '' && record !== '[' && record !== ']') yield { line, value: parseJson(record), end }
  }
}

/** The records of a file that is one JSON value: a list, an object that holds one, or a single record over several lines. */
function wholeList(text: string): unknown[] | null {
  const start = text.trimStart()
  if (!start.startsWith('[') && parseJson(start.split('\n', 1)[0]!.trim()) !== undefined && start.trimEnd().includes('\n')) return null
  const whole = parseJson(text)
  if (Array.isArray(whole)) return whole
  if (!isRecord(whole)) return null
  const list = LIST_NAMES.map((name) => whole[name]).find((value) => Array.isArray(value) && value.some(isRecord))
  return Array.isArray(list) ? list.map((item: unknown) => (isRecord(item) && isRecord(item['row']) ? item['row'] : item)) : [whole]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
