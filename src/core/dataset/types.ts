// A file as read, before anyone says which column is what.
import type { Problem } from '../types'

export interface Table {
  fileName: string
  format: 'csv' | 'jsonl'
  /** ',' ';' or tab; null for JSONL. */
  delimiter: string | null
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'gb18030' | 'windows-1252'
  bytes: number
  columns: string[]
  /** rows[r][c]; every row has columns.length cells. */
  rows: string[][]
  problems: Problem[]
}

/** Which column is what: indices into Table.columns, null where there is none. */
export interface Mapping {
  id: number | null
  prompt: number | null
  /** In the order in which options are read; letters are A, B, C … or the headers' own letters. */
  options: { letter: string; column: number }[]
  answer: number | null
  context: number | null
}

/** Corrections the visitor makes before a run, by 1-based row. */
export interface Edits {
  skippedRows: number[]
  answers: Record<number, string>
  /** Ids are replaced by row numbers (offered when ids repeat). */
  isRenumbered: boolean
}
export const NO_EDITS: Edits = { skippedRows: [], answers: {}, isRenumbered: false }
