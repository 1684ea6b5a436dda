// A visitor's file -> table -> questions. Whatever the bytes are, the outcome is a table or an AppError that says what to do.
import { AppError, throwIfAborted } from '../errors'
import { binaryKind } from './binary'
import { decodeText } from './decode'
import { MAX_MEGABYTES } from './limits'
import { readCsv } from './read-csv'
import { isJson, readJsonl } from './read-jsonl'
import type { Table } from './types'

export { guessMapping, mappingBlocker, type MappingBlocker } from './mapping'
export { readQuestions, type ReadQuestions } from './questions'
export type { Edits, Mapping, Table } from './types'
export { NO_EDITS } from './types'

const MEGABYTE = 1_000_000
const ROWS_PER_REPORT = 4096

/**
 * Reads CSV (comma, semicolon, tab) or JSON Lines. `onProgress(done, total)` in bytes.
 * Throws file_empty, file_header_only, file_one_column, file_binary, file_too_large, file_too_many_rows, file_json, aborted.
 */
export function readTable(
  fileName: string,
  bytes: Uint8Array,
  signal?: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Table {
  const file = fileName
  if (bytes.length > MAX_MEGABYTES * MEGABYTE) {
    throw new AppError('file_too_large', { file, megabytes: Math.ceil(bytes.length / MEGABYTE), limit: MAX_MEGABYTES })
  }
  const kind = binaryKind(bytes)
  if (kind !== null) throw new AppError('file_binary', { file, kind })
  const decoded = decodeText(bytes)
  if (decoded === null) throw new AppError('file_binary', { file, kind: 'binary data' })
  const { text, encoding } = decoded
  if (text.trim() === '') throw new AppError('file_empty', { file })

  let rows = 0
  const onRow = (end: number): void => {
    if (++rows % ROWS_PER_REPORT !== 0) return
    if (signal) throwIfAborted(signal)
    onProgress?.(Math.round((bytes.length * end) / text.length), bytes.length)
  }
  if (signal) throwIfAborted(signal)
  const isJsonFile = isJson(file, text)
  const read = isJsonFile ? { ...readJsonl(file, text, onRow), delimiter: null } : readCsv(file, text, onRow)
  onProgress?.(bytes.length, bytes.length)
  return { fileName, format: isJsonFile ? 'jsonl' : 'csv', encoding, bytes: bytes.length, ...read }
}
