import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { averagePrecisionAtK, chanceAtK, evaluate, meanWithInterval, wilson } from '../../src/core/evaluate'
import type { Answer, Question } from '../../src/core/types'

const LETTERS = ['A', 'B', 'C', 'D', 'E']

/** A row with its key, the ranking that it got and the confidence of the first choice. */
interface Row {
  key: number | null
  ranking: number[] | null
  confidence: number
}

function evaluateRows(rows: Row[]) {
  const questions = rows.map(({ key }, i): Question => ({
    row: i + 1,
    id: String(i),
    prompt: 'p',
    options: LETTERS.map((letter) => ({ letter, text: letter })),
    context: null,
    answer: key,
  }))
  const answers = rows.flatMap(({ ranking, confidence }, index): Answer[] => {
    if (ranking === null) return []
    const probabilities = LETTERS.map((_, option) => (option === ranking[0] ? confidence : (1 - confidence) / 4))
    return [{ index, ranking, logits: [], probabilities, closedProbabilities: null, passages: [], problems: [] }]
  })
  return evaluate(questions, answers)
}

const ranking = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5, maxLength: 5 })
const row = fc.record({ key: fc.option(fc.nat(4)), ranking: fc.option(ranking), confidence: fc.double({ min: 0.2, max: 1, noNaN: true }) })
const rows = fc.array(row, { maxLength: 40 })
const scoredRows = (all: Row[]) =>
  all.flatMap(({ key, ranking, confidence }) => (key === null || ranking === null ? [] : [{ key, ranking, confidence }]))

describe('averagePrecisionAtK', () => {
  it.each([
    ['A B C', 1],
    ['B A C', 1 / 2],
    ['B C A', 1 / 3],
    ['B C D A', 0],
    ['B B A', 1 / 3],
    ['A A A', 1],
    ['', 0],
  ])('of %j for A is %d', (prediction, score) => expect(averagePrecisionAtK(prediction.split(' '), 'A', 3)).toBe(score))

  it("agrees with Kaggle's sum of precisions at relevant places", () => {
    // The definition on the competition's page: P(k) * rel(k), rel(k) = 1 for the right label's first appearance.
    const slow = (prediction: string[], answer: string, k: number): number => {
      let sum = 0
      let hits = 0
      for (let i = 0; i < Math.min(k, prediction.length); i++) {
        if (prediction[i] !== answer || hits > 0) continue
        hits++
        sum += hits / (i + 1)
      }
      return sum
    }
    const labels = fc.array(fc.constantFrom(...LETTERS), { maxLength: 6 })
    fc.assert(
      fc.property(
        labels,
        fc.nat(6),
        (prediction, k) => void expect(averagePrecisionAtK(prediction, 'A', k)).toBe(slow(prediction, 'A', k)),
      ),
    )
  })
})

describe('chanceAtK', () => {
  it('is the mean over every order of the options', () => {
    const orders = (items: number[]): number[][] =>
      items.length === 0 ? [[]] : items.flatMap((first) => orders(items.filter((item) => item !== first)).map((rest) => [first, ...rest]))
    for (const count of [1, 2, 3, 4, 5]) {
      const scores = orders([0, 1, 2, 3, 4].slice(0, count)).map((order) => averagePrecisionAtK(order.map(String), '0', 3))
      expect(chanceAtK(count, 3)).toBeCloseTo(scores.reduce((a, b) => a + b, 0) / scores.length, 12)
    }
  })
})

describe('wilson', () => {
  // SciPy 1.17.1: binomtest(45, 80).proportion_ci(method='wilson')
  it('agrees with SciPy', () => {
    const { value, interval } = wilson(45, 80)
    expect(value).toBe(0.5625)
    expect(interval[0]).toBeCloseTo(0.4534113429694972, 6)
    expect(interval[1]).toBeCloseTo(0.6658613908385618, 6)
  })
  it('claims nothing on no rows', () => expect(wilson(0, 0).interval).toEqual([0, 1]))
  it('does not claim certainty when all are right', () => expect(wilson(5, 5).interval[0]).toBeLessThan(0.6))
  it('ends where share and bound are Z standard errors apart', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(500), (n, hits) => {
        const share = (hits % (n + 1)) / n
        for (const bound of wilson(share * n, n).interval) {
          if (bound > 1e-9 && bound < 1 - 1e-9)
            expect(Math.abs(share - bound)).toBeCloseTo(1.959964 * Math.sqrt((bound * (1 - bound)) / n), 9)
        }
      }),
    )
  })
})

describe('meanWithInterval', () => {
  const scores = Array.from({ length: 200 }, (_, i) => [1, 0.5, 0, 1][i % 4]!)

  it('gives the same scores the same interval', () => expect(meanWithInterval(scores)).toEqual(meanWithInterval(scores)))

  it('is close to the normal interval on many rows', () => {
    const { value, interval } = meanWithInterval(scores)
    const reach = 1.96 * Math.sqrt(scores.reduce((sum, score) => sum + (score - value) ** 2, 0) / 200 / 200)
    expect(Math.abs(interval[0] - (value - reach))).toBeLessThan(0.01)
    expect(Math.abs(interval[1] - (value + reach))).toBeLessThan(0.01)
  })

  it('does not jump where resampling ends', () => {
    const many = (n: number) => meanWithInterval(Array.from({ length: n }, (_, i) => scores[i % 200]!)).interval
    expect(many(5001)[0]).toBeCloseTo(many(5000)[0], 2)
  })

  it('does not claim certainty when all scores are equal', () => expect(meanWithInterval([1, 1, 1]).interval[0]).toBeLessThan(0.5))

  it('holds the mean and stays inside [0, 1]', () => {
    const score = fc.constantFrom(0, 1 / 3, 1 / 2, 1)
    fc.assert(
      fc.property(fc.array(score, { minLength: 1, maxLength: 30 }), (values) => {
        const { value, interval } = meanWithInterval(values)
        expect(interval[0] >= 0 && interval[0] <= value + 1e-9 && value <= interval[1] + 1e-9 && interval[1] <= 1).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

describe('evaluate', () => {
  it('scores MAP@3 as the mean of 1/place', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const scored = scoredRows(all)
        const sum = scored.reduce((total, { key, ranking }) => total + ([1, 1 / 2, 1 / 3][ranking.indexOf(key)] ?? 0), 0)
        const result = evaluateRows(all)
        expect([result.scored, result.leftOut.length]).toEqual([scored.length, all.length - scored.length])
        expect(result.mapAt3.value).toBeCloseTo(scored.length === 0 ? 0 : sum / scored.length, 12)
      }),
    )
  })

  it('leaves out rows without a key or without an answer, and names them', () => {
    const right: Row = { key: 0, ranking: [0, 1, 2, 3, 4], confidence: 0.5 }
    expect(evaluateRows([{ ...right, key: null }, right, { ...right, ranking: null }]).leftOut).toEqual([1, 3])
  })

  it('counts rows right within 1, 2 and 3', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const scored = scoredRows(all)
        const share = (k: number) =>
          scored.filter(({ key, ranking }) => ranking.slice(0, k).includes(key)).length / Math.max(1, scored.length)
        expect(evaluateRows(all).rightWithin.map((estimate) => estimate.value)).toEqual([share(1), share(2), share(3)])
      }),
    )
  })

  it('puts every scored row into the bin of its confidence', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const scored = scoredRows(all)
        const counts = evaluateRows(all).bins.map(({ from, to, right, wrong }) => {
          const inside = scored.filter(
            ({ confidence }) => confidence * 10 >= Math.round(from * 10) && (confidence * 10 < Math.round(to * 10) || to === 1),
          )
          const hits = inside.filter(({ key, ranking }) => ranking[0] === key).length
          return [right - hits, wrong - (inside.length - hits)]
        })
        expect(counts).toEqual(Array.from({ length: 10 }, () => [0, 0]))
      }),
    )
  })

  it('measures no calibration on fewer than 20 rows', () => {
    const right: Row = { key: 0, ranking: [0, 1, 2, 3, 4], confidence: 0.75 }
    const error = (n: number) => evaluateRows(Array.from({ length: n }, () => right)).calibrationError
    expect([error(19), error(20)]).toEqual([null, 0.25])
  })

  it('finds no calibration error where confidence is the share right', () => {
    const key = (i: number): number => (i % 4 === 0 ? 1 : 0)
    const calibrated = Array.from({ length: 40 }, (_, i): Row => ({ key: key(i), ranking: [0, 1, 2, 3, 4], confidence: 0.75 }))
    expect(evaluateRows(calibrated).calibrationError).toBeCloseTo(0, 12)
  })

  it('counts letters as answer, as first choice, and as both', () => {
    const first = (key: number, choice: number): Row => ({
      key,
      ranking: [choice, ...[0, 1, 2, 3, 4].filter((c) => c !== choice)],
      confidence: 0.5,
    })
    expect(evaluateRows([first(0, 0), first(0, 2), first(2, 2)]).letters).toEqual([
      { letter: 'A', answers: 2, chosen: 1, right: 1 },
      { letter: 'C', answers: 1, chosen: 2, right: 1 },
    ])
  })

  it('gives chance for the options of the scored rows', () => {
    expect(evaluateRows([{ key: 0, ranking: [0, 1, 2, 3, 4], confidence: 1 }]).chance).toBeCloseTo(11 / 30, 12)
  })
})
