import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { guessMapping, NO_EDITS, readQuestions, readTable, type Table } from '../../src/core/dataset'
import { chanceAtK, wilson } from '../../src/core/evaluate'
import type { Question } from '../../src/core/types'

// The samples are what a newcomer sees first: they must read without a problem and give nothing away but by knowledge.
const FOLDER = new URL('../../public/samples/', import.meta.url)

function open(name: string): { table: Table; questions: Question[]; problems: unknown[] } {
  const table = readTable(name, new Uint8Array(readFileSync(new URL(name, FOLDER))))
  return { table, ...readQuestions(table, guessMapping(table), NO_EDITS) }
}

/** How often each letter is right. */
function letterCounts(questions: Question[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { options, answer } of questions) {
    const letter = options[answer ?? -1]?.letter ?? 'none'
    counts[letter] = (counts[letter] ?? 0) + 1
  }
  return counts
}

/** MAP@3 of ranking options by length alone. */
function scoreByLength(questions: Question[], direction: 1 | -1): number {
  const scores = questions.map(({ options, answer }) => {
    const ranked = options.map((_, i) => i).sort((a, b) => direction * (options[a]!.text.length - options[b]!.text.length))
    const place = ranked.indexOf(answer ?? -1) + 1
    return place <= 3 ? 1 / place : 0
  })
  return scores.reduce((a, b) => a + b, 0) / scores.length
}

describe.each(['science-exam.csv', 'science-exam-context.csv'])('%s', (name) => {
  const isThere = existsSync(new URL(name, FOLDER))
  const exam = isThere ? open(name) : { table: null, questions: [], problems: [] }

  it.skipIf(!isThere)('holds 80 questions of five options without a problem', () => {
    expect([
      exam.questions.length,
      exam.questions.every((question) => question.options.length === 5),
      exam.table?.problems,
      exam.problems,
    ]).toEqual([80, true, [], []])
  })

  it.skipIf(!isThere)('spreads its answers evenly over the letters', () => {
    expect(letterCounts(exam.questions)).toEqual({ A: 16, B: 16, C: 16, D: 16, E: 16 })
  })

  it.skipIf(!isThere)('cannot be solved by length: the longest or shortest option is right about as often as chance', () => {
    const longest = exam.questions.filter(({ options, answer }) =>
      options.every((option) => option.text.length <= options[answer!]!.text.length),
    ).length
    const shortest = exam.questions.filter(({ options, answer }) =>
      options.every((option) => option.text.length >= options[answer!]!.text.length),
    ).length
    for (const hits of [longest, shortest]) {
      const { interval } = wilson(hits, exam.questions.length)
      expect(interval[0] < 0.2 && 0.2 < interval[1]).toBe(true)
    }
    for (const direction of [1, -1] as const)
      expect(Math.abs(scoreByLength(exam.questions, direction) - chanceAtK(5, 3))).toBeLessThan(0.08)
  })

  it.skipIf(!isThere)('never gives two options the same text', () => {
    expect(exam.questions.filter(({ options }) => new Set(options.map((option) => option.text.trim())).size < 5)).toEqual([])
  })
})

describe('the samples together', () => {
  const names = ['science-exam.csv', 'science-exam-context.csv', 'openbookqa.jsonl']
  const areThere = names.every((name) => existsSync(new URL(name, FOLDER)))

  it.skipIf(!areThere)('ask the same with and without a context, and every context is there', () => {
    const [bare, withContext] = [open('science-exam.csv').questions, open('science-exam-context.csv').questions]
    expect(withContext.map((question) => ({ ...question, context: null }))).toEqual(bare)
    expect(withContext.filter((question) => question.context === null)).toEqual([])
  })

  it.skipIf(!areThere)('include 20 questions in the shape of OpenBookQA', () => {
    const { table, questions, problems } = open('openbookqa.jsonl')
    const keyed = questions.filter((question) => question.answer !== null && question.options.length === 4)
    expect([table.format, keyed.length, table.problems, problems, letterCounts(questions)]).toEqual([
      'jsonl',
      20,
      [],
      [],
      { A: 5, B: 5, C: 5, D: 5 },
    ])
  })
})
