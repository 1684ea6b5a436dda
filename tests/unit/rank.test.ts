import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placeOf, rankChoices, softmax } from '../../src/core/score/rank'

const logits = fc.array(fc.oneof(fc.double({ min: -50, max: 50, noNaN: true }), fc.constantFrom(0, -0, 1, 2, NaN, -Infinity)), {
  maxLength: 26,
})

/** Slow and obvious: takes the first of the largest, again and again. */
function rankSlowly(values: number[]): number[] {
  const left = values.map((value, choice) => ({ value: Number.isNaN(value) ? -Infinity : value, choice }))
  const ranking: number[] = []
  while (left.length > 0) {
    let best = 0
    for (let i = 1; i < left.length; i++) if (left[i]!.value > left[best]!.value) best = i
    ranking.push(left.splice(best, 1)[0]!.choice)
  }
  return ranking
}

describe('rankChoices', () => {
  it('ranks by logit', () => expect(rankChoices([0.1, 2, -1])).toEqual([1, 0, 2]))
  it('keeps file order on ties', () => expect(rankChoices([1, 2, 1, 2])).toEqual([1, 3, 0, 2]))
  it('ranks a logit that is not a number last', () => expect(rankChoices([NaN, -9, 1])).toEqual([2, 1, 0]))
  it('takes typed arrays', () => expect(rankChoices(Float32Array.of(1, 3, 2))).toEqual([1, 2, 0]))
  it('ranks nothing where there is nothing', () => expect(rankChoices([])).toEqual([]))

  it('agrees with picking the first of the largest again and again', () => {
    fc.assert(fc.property(logits, (values) => void expect(rankChoices(values)).toEqual(rankSlowly(values))))
  })
})

describe('softmax', () => {
  it('gives equal logits equal shares', () => expect(softmax([3, 3, 3, 3])).toEqual([0.25, 0.25, 0.25, 0.25]))
  it('does not overflow', () => expect(softmax([1000, 1000, -1000])).toEqual([0.5, 0.5, 0]))
  it('gives a logit that is not a number nothing', () => expect(softmax([NaN, 1])).toEqual([0, 1]))
  it('gives nothing where there is nothing', () => expect(softmax([])).toEqual([]))

  it('sums to 1', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
        (values) => void expect(softmax(values).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12),
      ),
    )
  })

  it('agrees with the textbook formula', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 8 }), (values) => {
        const sum = values.reduce((total, value) => total + Math.exp(value), 0)
        softmax(values).forEach((p, i) => expect(p).toBeCloseTo(Math.exp(values[i]!) / sum, 12))
      }),
    )
  })

  it('falls along the ranking', () => {
    fc.assert(
      fc.property(logits, (values) => {
        const shares = softmax(values)
        const ranked = rankChoices(values).map((choice) => shares[choice]!)
        expect(ranked).toEqual([...ranked].sort((a, b) => b - a))
      }),
    )
  })
})

describe('placeOf', () => {
  it('counts from 1', () => expect(placeOf([2, 0, 1], 0)).toBe(2))
  it('is null for a choice that is not ranked', () => expect(placeOf([], 0)).toBeNull())
})
