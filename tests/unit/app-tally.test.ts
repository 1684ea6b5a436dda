import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BINS, Tally } from '../../src/app/state/tally'
import type { AnswerSummary } from '../../src/worker/protocol'

const summary = fc
  .record({ weights: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 }), key: fc.option(fc.nat(7)) })
  .map(({ weights, key }): AnswerSummary => {
    const total = weights.reduce((a, b) => a + b)
    const ranking = weights.map((_, i) => i).sort((a, b) => weights[b]! - weights[a]! || a - b)
    const probabilities = weights.map((weight) => weight / total)
    return {
      index: 0,
      letters: [...'ABCDEFGH'].slice(0, weights.length),
      ranking,
      probabilities,
      place: key === null ? null : ranking.indexOf(key % weights.length) + 1,
    }
  })

function tallied(summaries: readonly AnswerSummary[]): Tally {
  const tally = new Tally()
  for (const one of summaries) tally.add(one)
  return tally
}
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

describe('what is said about a run while it goes on', () => {
  test('MAP@3 is the mean of 1/place over the first three places of the scored rows', () => {
    fc.assert(
      fc.property(fc.array(summary, { minLength: 1 }), (summaries) => {
        const places = summaries.flatMap(({ place }) => (place === null ? [] : [place]))
        const { mapAt3 } = tallied(summaries)
        if (places.length === 0) expect(mapAt3).toBeNull()
        else expect(mapAt3).toBeCloseTo(mean(places.map((place) => (place <= 3 ? 1 / place : 0))), 12)
      }),
    )
  })
  test('rows right within k are counted from the places', () => {
    fc.assert(
      fc.property(fc.array(summary), (summaries) => {
        const within = [1, 2, 3].map((k) => summaries.filter(({ place }) => place !== null && place <= k).length)
        expect([...tallied(summaries).within]).toEqual(within)
      }),
    )
  })
  test('every answered row is in one bin of the histogram', () => {
    fc.assert(
      fc.property(fc.array(summary), (summaries) => {
        const { right, wrong, unkeyed } = tallied(summaries)
        const sum = (bins: Uint32Array) => bins.reduce((a, b) => a + b, 0)
        expect([sum(right), sum(right) + sum(wrong), sum(unkeyed)]).toEqual([
          summaries.filter(({ place }) => place === 1).length,
          summaries.filter(({ place }) => place !== null).length,
          summaries.filter(({ place }) => place === null).length,
        ])
      }),
    )
  })
  test('a certain choice is in the last bin', () => {
    expect(tallied([{ index: 0, letters: ['A'], ranking: [0], probabilities: [1], place: 1 }]).right[BINS - 1]).toBe(1)
  })
  test('guessing at five options earns (1 + 1/2 + 1/3) / 5', () => {
    const row: AnswerSummary = {
      index: 0,
      letters: [...'ABCDE'],
      ranking: [0, 1, 2, 3, 4],
      probabilities: [0.2, 0.2, 0.2, 0.2, 0.2],
      place: 4,
    }
    expect(tallied([row]).chance).toBeCloseTo(11 / 30, 12)
  })
  test('there is no interval under 20 scored rows', () => {
    const row: AnswerSummary = { index: 0, letters: ['A', 'B'], ranking: [0, 1], probabilities: [0.6, 0.4], place: 1 }
    expect([tallied(Array(19).fill(row)).interval, tallied(Array(20).fill(row)).interval]).toEqual([null, [1, 1]])
  })
  test('the interval is the mean plus and minus 1.96 standard errors', () => {
    const rows = Array.from({ length: 40 }, (_, i): AnswerSummary => ({
      index: i,
      letters: ['A', 'B'],
      ranking: [0, 1],
      probabilities: [0.6, 0.4],
      place: 1 + (i % 2),
    }))
    const margin = (1.96 * Math.sqrt((40 * 0.25 ** 2) / 39)) / Math.sqrt(40)
    const [low, high] = tallied(rows).interval!
    expect([low, high]).toEqual([expect.closeTo(0.75 - margin, 12), expect.closeTo(0.75 + margin, 12)])
  })
})
