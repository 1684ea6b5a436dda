// What a labelled run says about itself: MAP@3 with its interval, places, calibration, letters. Rows without a usable answer are left out.
import { placeOf } from '../score/rank'
import type { Answer, Question } from '../types'
import { averagePrecisionAtK, chanceAtK } from './average-precision'
import { meanWithInterval, wilson } from './intervals'
import type { Evaluation } from './types'

export { averagePrecisionAtK, chanceAtK } from './average-precision'
export { meanWithInterval, wilson } from './intervals'
export type { Estimate, Evaluation } from './types'

const K = 3
const BINS = 10
const MIN_ROWS_FOR_CALIBRATION = 20

/** `answers`: any order, by `index`; a question without one is left out. `leftOut` holds 1-based rows. */
export function evaluate(questions: readonly Question[], answers: readonly Answer[]): Evaluation {
  const answerOf = new Map(answers.map((answer) => [answer.index, answer]))
  const scored: ScoredRow[] = []
  const leftOut: number[] = []
  questions.forEach((question, index) => {
    const row = scoreRow(question, answerOf.get(index))
    if (row) scored.push(row)
    else leftOut.push(question.row)
  })
  const within = (k: number) => wilson(scored.filter((row) => row.place !== null && row.place <= k).length, scored.length)
  const bins = confidenceBins(scored)
  return {
    scored: scored.length,
    leftOut,
    mapAt3: scored.length === 0 ? wilson(0, 0) : meanWithInterval(scored.map((row) => row.averagePrecision)),
    rightWithin: [within(1), within(2), within(3)],
    chance: scored.reduce((sum, row) => sum + chanceAtK(row.optionCount, K), 0) / Math.max(1, scored.length),
    bins,
    calibrationError: scored.length < MIN_ROWS_FOR_CALIBRATION ? null : calibrationError(bins, scored.length),
    letters: letterCounts(scored),
  }
}

interface ScoredRow {
  averagePrecision: number
  /** 1-based place of the right option. */
  place: number | null
  optionCount: number
  confidence: number
  right: string
  chosen: string
}

function scoreRow(question: Question, answer: Answer | undefined): ScoredRow | null {
  const letters = question.options.map((option) => option.letter)
  const right = letters[question.answer ?? -1]
  const first = answer?.ranking[0]
  const chosen = letters[first ?? -1]
  if (answer === undefined || right === undefined || first === undefined || chosen === undefined) return null
  const ranked = answer.ranking.map((option) => letters[option] ?? '')
  return {
    averagePrecision: averagePrecisionAtK(ranked, right, K),
    place: placeOf(answer.ranking, question.answer ?? -1),
    optionCount: letters.length,
    confidence: answer.probabilities[first] ?? 0,
    right,
    chosen,
  }
}

/** Ten equal bins of the first choice's confidence; an empty bin's mean confidence is its middle. */
function confidenceBins(rows: readonly ScoredRow[]): Evaluation['bins'] {
  const groups: ScoredRow[][] = Array.from({ length: BINS }, () => [])
  for (const row of rows) groups[Math.min(BINS - 1, Math.floor(row.confidence * BINS))]!.push(row)
  return groups.map((group, i) => {
    const right = group.filter((row) => row.place === 1).length
    const sum = group.reduce((total, row) => total + row.confidence, 0)
    return {
      from: i / BINS,
      to: (i + 1) / BINS,
      right,
      wrong: group.length - right,
      meanConfidence: group.length === 0 ? (i + 0.5) / BINS : sum / group.length,
    }
  })
}

/** Expected calibration error (Naeini et al. 2015): |share right - mean confidence| of each bin, weighted by its rows. */
function calibrationError(bins: Evaluation['bins'], n: number): number {
  return bins.reduce((sum, { right, wrong, meanConfidence }) => sum + Math.abs(right - (right + wrong) * meanConfidence) / n, 0)
}

function letterCounts(rows: readonly ScoredRow[]): Evaluation['letters'] {
  const letters = [...new Set(rows.flatMap((row) => [row.right, row.chosen]))].sort()
  return letters.map((letter) => ({
    letter,
    answers: rows.filter((row) => row.right === letter).length,
    chosen: rows.filter((row) => row.chosen === letter).length,
    right: rows.filter((row) => row.chosen === letter && row.right === letter).length,
  }))
}
