import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { guessMapping, NO_EDITS, readQuestions, readTable } from '../../src/core/dataset'
import { rankChoices, softmax } from '../../src/core/score/rank'
import { reportCsv, submissionCsv } from '../../src/core/submit'
import { escapeFormula } from '../../src/core/submit/formula'
import type { Answer, Problem, Question } from '../../src/core/types'

const LETTERS = ['A', 'B', 'C', 'D']

function question(row: number, change: Partial<Question> = {}): Question {
  const options = LETTERS.map((letter) => ({ letter, text: `option ${letter}` }))
  return { row, id: String(row), prompt: 'p', options, context: null, answer: null, ...change }
}

function answer(index: number, logits: number[], change: Partial<Answer> = {}): Answer {
  return {
    index,
    logits,
    ranking: rankChoices(logits),
    probabilities: softmax(logits),
    closedProbabilities: null,
    passages: [],
    problems: [],
    ...change,
  }
}

const cellsOf = (csv: string) => readTable('out.csv', new TextEncoder().encode(csv))

describe('submissionCsv', () => {
  it('writes the best letters of every question in file order', () => {
    const answers = [answer(1, [3, 0, 1, 2]), answer(0, [0, 3, 2, 1])]
    expect(submissionCsv([question(1), question(2)], answers, LETTERS, 3)).toBe('id,prediction\n1,B C D\n2,A D C\n')
  })

  it('writes all letters when k is larger', () => {
    expect(submissionCsv([question(1)], [answer(0, [0, 3, 2, 1])], LETTERS, 9)).toBe('id,prediction\n1,B C D A\n')
  })

  it('names letters by column, not by place', () => {
    const gapped = question(1, {
      options: [
        { letter: 'B', text: 'x' },
        { letter: 'D', text: 'y' },
      ],
    })
    expect(submissionCsv([gapped], [answer(0, [0, 1])], LETTERS, 3)).toBe('id,prediction\n1,D B\n')
  })

  it('lists the letters in file order where there is no answer', () => {
    const gapped = question(2, {
      options: [
        { letter: 'B', text: 'x' },
        { letter: 'D', text: 'y' },
      ],
    })
    const empty = question(3, { options: [] })
    expect(submissionCsv([question(1), gapped, empty], [answer(2, [])], LETTERS, 3)).toBe('id,prediction\n1,A B C\n2,B D\n3,A B C\n')
  })

  it('keeps ids byte for byte and one line for each', () => {
    const id = fc
      .string({ unit: fc.constantFrom('x', '=', ',', '"', '\n', '\r', ' ', '007', '中'), maxLength: 6 })
      .map((text) => `${text}1`)
    fc.assert(
      fc.property(fc.array(id, { minLength: 1 }), (ids) => {
        const csv = submissionCsv(
          ids.map((text, i) => question(i + 1, { id: text })),
          [],
          LETTERS,
          3,
        )
        expect(cellsOf(csv).rows).toEqual(ids.map((text) => [text, 'A B C']))
      }),
    )
  })

  it('gives every row of a messy file its line', () => {
    const bytes = new TextEncoder().encode('id,prompt,A,B\n1,p,a,b\n2,"open,a\n3\n3,p,,\n5,p,a,\n')
    const table = readTable('messy.csv', bytes)
    const { questions } = readQuestions(table, guessMapping(table), NO_EDITS)
    expect(submissionCsv(questions, [], ['A', 'B'], 3)).toBe('id,prediction\n1,A B\n2,A\n3,A B\n3,A B\n5,A\n')
  })
})

describe('reportCsv', () => {
  it('writes ranking, probabilities, confidence, answer, place, passages and problems', () => {
    const problem: Problem = { row: 1, column: 'D', code: 'option_empty', detail: { letter: 'D', left: 2 } }
    const own: Problem = { row: 1, column: 'prompt', code: 'prompt_cut', detail: { tokens: 200, kept: 174 } }
    const passage = { id: 'x', title: 'Tides', source: 'OpenStax', text: 't', score: 1, used: true }
    const half = question(1, {
      options: [
        { letter: 'A', text: 'x' },
        { letter: 'C', text: 'y' },
      ],
      answer: 0,
    })
    const given = answer(0, [0, Math.log(3)], { passages: [passage, { ...passage, title: 'Unused', used: false }], problems: [own] })
    expect(cellsOf(reportCsv([half], [given], LETTERS, [problem]))).toMatchObject({
      columns: [
        ...['id', 'ranking', 'probability_A', 'probability_B', 'probability_C', 'probability_D'],
        ...['confidence', 'answer', 'place', 'passages', 'problems'],
      ],
      rows: [
        [
          ...['1', 'C A', '0.250000', '', '0.750000', '', '0.750000', 'A', '2', 'Tides (OpenStax)'],
          'Option D is empty. The other 2 will be ranked. The question has 200 tokens; the model reads the last 174.',
        ],
      ],
    })
  })

  it('leaves the cells of a question without an answer empty', () => {
    expect(cellsOf(reportCsv([question(1)], [], LETTERS, [])).rows).toEqual([['1', '', '', '', '', '', '', '', '', '', '']])
  })

  it('escapes ids that a spreadsheet would run', () => {
    expect(cellsOf(reportCsv([question(1, { id: '=1+1' })], [], LETTERS, [])).rows[0]![0]).toBe("'=1+1")
  })
})

describe('escapeFormula', () => {
  it.each(['=1+1', '+A1', '-A1', '@SUM(A1)', '\tx', '\rx', '\nx', ' =1', '＝1+1', '＋A1', '－A1', '＠SUM(A1)', '-1+cmd|x', '+1 2'])(
    'disarms %j',
    (cell) => expect(escapeFormula(cell)).toBe(`'${cell}`),
  )

  it.each(['', '7', '-7', '+7', '-0.5', '-1e5', 'a=b', "'=1", '007', 'x@y'])('leaves %j alone', (cell) =>
    expect(escapeFormula(cell)).toBe(cell),
  )
})
