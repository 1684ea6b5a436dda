// What attention adds for the distance of two tokens, and which row of a table an offset (position of the query − position of the key) takes.
// In the engine's memory such a table has a column for each row, the last row first, so that the columns of rising key positions follow
// each other.
import { relativeBucket } from '../../core/compile/mpnet'
import { relativeRow, type RelativeTable } from '../../core/compile/relative-buckets'

export type Relative =
  | { kind: 'none' }
  /** MPNet, as T5: a number for each bucket and head. */
  | { kind: 'bias'; table: string; rows: number }
  /** DeBERTa: rows that are projected to keys and queries by a linear layer of each layer; null where the term is not used. */
  | { kind: 'terms'; table: string; norm: string | null; keys: string | null; queries: string | null; numbering: RelativeTable }

/** Rows of the table. */
export function tableRows(relative: Relative): number {
  return relative.kind === 'none' ? 1 : relative.kind === 'bias' ? relative.rows : 2 * relative.numbering.span
}

/** Up to this distance every offset has a row of its own; only asked for terms. */
export function nearOffsets(relative: Relative): number {
  if (relative.kind !== 'terms') return 0
  const { span, furthest } = relative.numbering
  return furthest === null ? span - 1 : Math.floor(span / 2)
}

/** Columns for the offsets reach … -reach. */
export function farColumns(relative: Relative, reach: number): Int32Array {
  const last = tableRows(relative) - 1
  return Int32Array.from({ length: 2 * reach + 1 }, (_, i) => last - rowOf(relative, reach - i))
}

function rowOf(relative: Relative, offset: number): number {
  switch (relative.kind) {
    case 'none':
      return 0
    case 'bias':
      return relativeBucket(-offset) // counts from the query to the key
    case 'terms':
      return relativeRow(offset, relative.numbering)
  }
}
