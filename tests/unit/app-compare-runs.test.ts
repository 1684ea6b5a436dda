import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareRuns, ENOUGH_PAIRS } from '../../src/app/state/compare-runs'
import type { AnswerSummary } from '../../src/worker/protocol'

const LETTERS = ['A', 'B', 'C', 'D', 'E']
function answer(index: number, place: number | null, letters = LETTERS): AnswerSummary {
  return { index, letters, ranking: letters.map((_, i) => i), probabilities: letters.map(() => 1 / letters.length), place }
}
const run = (places: (number | null)[]) => places.map((place, index) => answer(index, place))
const places = fc.array(fc.constantFrom(1, 2, 3, 4, 5, null), { maxLength: 60 })

describe('compareRuns', () => {
  it('sorts rows into both right, only A, only B and both wrong', () => {
    const { both, onlyA, onlyB, neither } = compareRuns(run([1, 1, 2, 3]), run([1, 2, 1, 4]))
    expect({ both, onlyA: onlyA.map((row) => row.index), onlyB: onlyB.map((row) => row.index), neither }).toEqual({
      both: 1,
      onlyA: [1],
      onlyB: [2],
      neither: 1,
    })
  })
  it('gives the difference of the two MAP@3', () => {
    const { mapAt3, difference } = compareRuns(run([1, 2]), run([2, 4]))
    expect(mapAt3).toEqual({ a: 0.75, b: 0.25 })
    expect(difference.value).toBe(0.5)
  })
  it('leaves out rows without a key, rows that one run lacks, and rows whose options changed', () => {
    const b = [answer(0, null), answer(2, 1, ['A', 'B'])]
    expect(compareRuns(run([1, 1, 1]), b).rows).toBe(0)
  })
  it('turns its sign when the runs are swapped', () => {
    fc.assert(
      fc.property(places, places, (a, b) => {
        const [ab, ba] = [compareRuns(run(a), run(b)), compareRuns(run(b), run(a))]
        expect(ab.difference.value).toBeCloseTo(-ba.difference.value, 12)
        expect(ab.onlyA.map((row) => row.index)).toEqual(ba.onlyB.map((row) => row.index))
      }),
    )
  })
  it('gives no interval for few rows', () => {
    expect(compareRuns(run([1, 2, 3]), run([2, 2, 2])).difference.interval).toBeNull()
  })
  it('gives an interval of no width where every row differs alike', () => {
    const [ones, twos] = [run(Array<number>(ENOUGH_PAIRS).fill(1)), run(Array<number>(ENOUGH_PAIRS).fill(2))]
    expect(compareRuns(ones, twos).difference).toEqual({ value: 0.5, interval: [0.5, 0.5] })
  })
})
