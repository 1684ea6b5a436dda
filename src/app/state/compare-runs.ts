// Two runs of one file, row against row. The difference of MAP@3 is paired: both runs had the same questions, so what a row contributes
// is the difference of its two precisions, and the interval is the normal one of a paired mean, d ± 1.96 s / √n.
import type { AnswerSummary } from '../../worker/protocol'

/** Under this many rows no interval is given. */
export const ENOUGH_PAIRS = 20

export interface FlippedRow {
  index: number
  a: AnswerSummary
  b: AnswerSummary
}
export interface Comparison {
  /** Rows that both runs answered and that have a usable key. */
  rows: number
  mapAt3: { a: number; b: number }
  /** MAP@3 of A less that of B; `interval` is null under ENOUGH_PAIRS rows. */
  difference: { value: number; interval: [number, number] | null }
  both: number
  neither: number
  /** In file order; right means: the right option first. */
  onlyA: FlippedRow[]
  onlyB: FlippedRow[]
}

/** Pairs rows by index; a row whose options differ between the runs is left out. */
export function compareRuns(answersA: readonly AnswerSummary[], answersB: readonly AnswerSummary[]): Comparison {
  const byIndex = new Map(answersB.map((answer) => [answer.index, answer]))
  const comparison: Comparison = {
    rows: 0,
    mapAt3: { a: 0, b: 0 },
    difference: { value: 0, interval: null },
    both: 0,
    neither: 0,
    onlyA: [],
    onlyB: [],
  }
  const differences: number[] = []
  for (const a of [...answersA].sort((x, y) => x.index - y.index)) {
    const b = byIndex.get(a.index)
    if (b === undefined || a.place === null || b.place === null || a.letters.join() !== b.letters.join()) continue
    differences.push(precisionAt3(a.place) - precisionAt3(b.place))
    comparison.mapAt3.a += precisionAt3(a.place)
    comparison.mapAt3.b += precisionAt3(b.place)
    if (a.place === 1 && b.place === 1) comparison.both++
    else if (a.place === 1) comparison.onlyA.push({ index: a.index, a, b })
    else if (b.place === 1) comparison.onlyB.push({ index: a.index, a, b })
    else comparison.neither++
  }
  const rows = differences.length
  if (rows === 0) return comparison
  const value = differences.reduce((sum, d) => sum + d, 0) / rows
  return {
    ...comparison,
    rows,
    mapAt3: { a: comparison.mapAt3.a / rows, b: comparison.mapAt3.b / rows },
    difference: { value, interval: pairedInterval(differences, value) },
  }
}

function pairedInterval(differences: readonly number[], mean: number): [number, number] | null {
  const rows = differences.length
  if (rows < ENOUGH_PAIRS) return null
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (rows - 1)
  const margin = 1.96 * Math.sqrt(variance / rows)
  return [Math.max(-1, mean - margin), Math.min(1, mean + margin)]
}

/** What a row adds to MAP@3: 1 / place among the first three, else 0. `place` is 1-based. */
function precisionAt3(place: number): number {
  return place >= 1 && place <= 3 ? 1 / place : 0
}
