// DeBERTa's buckets of relative positions: exact near by, logarithmic further away. As `make_log_bucket_position` in Hugging Face's
// modeling_deberta_v2, in the same single precision: at a border of two buckets a double would round to the other one.
import type { Feeds } from './feeds'

const f32 = Math.fround

/** Row of the relative table (0 … 2S − 1) for query position − key position = `offset`; S: position_buckets. Rises with the offset. */
export function relativeBucket(offset: number, buckets: number, maxRelativePositions: number): number {
  const middle = Math.floor(buckets / 2)
  const distance = Math.abs(offset)
  let bucket = distance
  if (distance > middle) {
    const span = f32(Math.log((maxRelativePositions - 1) / middle))
    bucket = Math.ceil(f32(f32(f32(Math.log(f32(distance / middle))) / span) * (middle - 1))) + middle
  }
  return Math.min(Math.max(buckets + Math.sign(offset) * bucket, 0), 2 * buckets - 1)
}

/** How a config numbers relative positions; the table has 2 · span rows. */
export interface RelativeTable {
  span: number
  /** Distances from here on share the outermost bucket. null: there are no buckets, each distance below the span has its own row. */
  furthest: number | null
}

/** Row of the relative table for query position − key position = `offset`. */
export function relativeRow(offset: number, { span, furthest }: RelativeTable): number {
  return furthest === null ? Math.min(Math.max(span + offset, 0), 2 * span - 1) : relativeBucket(offset, span, furthest)
}

/**
 * The inputs of the relative terms. `positions` [T]: of every token, the same for all questions of a batch. `buckets` [T, T]: which of the
 * rows that occur, bucket_from … bucket_to of the relative table, belongs to a query and a key. Their number is rounded up to a multiple
 * of four, which GPU kernels like.
 */
export function relativeFeeds(positions: Int32Array, relative: RelativeTable): Feeds {
  const T = positions.length
  const lowest = positions.reduce((a, b) => Math.min(a, b), Infinity)
  const reach = positions.reduce((a, b) => Math.max(a, b), lowest) - lowest
  const table = Int32Array.from({ length: 2 * reach + 1 }, (_, i) => relativeRow(i - reach, relative))
  const all = 2 * relative.span
  const rows = Math.min(Math.ceil((table[2 * reach]! - table[0]! + 1) / 4) * 4, all)
  const from = Math.min(table[0]!, all - rows)
  const index = new Int32Array(T * T)
  for (let i = 0; i < T; i++) {
    for (let j = 0; j < T; j++) index[i * T + j] = table[reach + positions[i]! - positions[j]!]! - from
  }
  return {
    buckets: { data: index, shape: [T, T] },
    bucket_from: { data: BigInt64Array.of(BigInt(from)), shape: [1] },
    bucket_to: { data: BigInt64Array.of(BigInt(from + rows)), shape: [1] },
  }
}
