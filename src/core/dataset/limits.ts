// How much is read. The bounds keep a hostile or mistaken file from taking the page's memory; real question files stay far below.
import type { Table } from './types'

/** What a format's reader gives to the table. */
export type Rows = Pick<Table, 'columns' | 'rows' | 'problems'>

export const MAX_MEGABYTES = 200
const MAX_CELLS = 20_000_000
/** A row's array takes about as much memory as this many cells. */
const CELLS_OF_A_ROW = 6

/** How many rows of this width are read: 1.3 million of nine columns. */
export function rowLimit(columns: number): number {
  return Math.floor(MAX_CELLS / (columns + CELLS_OF_A_ROW))
}
