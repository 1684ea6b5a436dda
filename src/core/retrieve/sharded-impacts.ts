// The postings of one term, best first. BM25's score of a passage is Σ gain(term) · s with s = tf / (tf + norm) between 0 and 1, so what a
// posting adds is known when the index is built: its impact s is stored in 255 levels (Anh & Moffat 2005, "Simplified similarity scoring
// using term ranks"; an error of at most 1/510 of the term's gain), and a list that is too long keeps its highest levels.
//   runs, highest level first: level (1 … 255), count, then `count` passages rising: the first, then gaps minus 1; all but the level as varints
import { ByteReader, type ByteWriter } from './sharded-bytes'

export const LEVELS = 255
const RANGE = 2 ** 32

/** Level of an impact 0 … 1; never 0, since a passage that holds the term is found by it. */
export function levelOf(impact: number): number {
  return Math.max(1, Math.round(impact * LEVELS))
}

/** `passages[i]`, rising, at `levels[i]`, for i < count: the `longest` best are written, ties by lower number. Returns how many. */
export function writeImpacts(out: ByteWriter, passages: Uint32Array, levels: Uint8Array, count: number, longest: number): number {
  // One number orders a posting: its level from the top, then its passage.
  const keys = new Float64Array(count)
  for (let i = 0; i < count; i++) keys[i] = (LEVELS - levels[i]!) * RANGE + passages[i]!
  keys.sort()
  const kept = Math.min(count, longest)
  for (let from = 0; from < kept;) {
    const rank = Math.floor(keys[from]! / RANGE)
    let to = from
    while (to < kept && keys[to]! < (rank + 1) * RANGE) to++
    out.byte(LEVELS - rank)
    out.varint(to - from)
    let before = -1
    for (let i = from; i < to; i++) {
      const passage = keys[i]! - rank * RANGE
      out.varint(passage - before - 1)
      before = passage
    }
    from = to
  }
  return kept
}

/** Adds gain · impact to the sum of every passage of the list in `bytes[start … end)`. Throws RangeError on damaged bytes. */
export function addImpacts(bytes: Uint8Array, start: number, end: number, gain: number, sums: Float64Array): void {
  const reader = new ByteReader(bytes, start, end)
  while (!reader.isDone) {
    const share = (gain * reader.byte()) / LEVELS
    let passage = -1
    for (let left = reader.varint(); left > 0; left--) {
      passage += reader.varint() + 1
      if (passage >= sums.length) throw new RangeError('passage out of range')
      sums[passage]! += share
    }
  }
}
