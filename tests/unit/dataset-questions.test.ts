import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { guessMapping, NO_EDITS, readQuestions, readTable, type Edits, type ReadQuestions } from '../../src/core/dataset'
import { csvLine } from '../../src/core/submit/write-csv'

function read(rows: string[][], edits: Partial<Edits> = {}): ReadQuestions {
  const table = readTable('quiz.csv', new TextEncoder().encode(rows.map(csvLine).join('')))
  return readQuestions(table, guessMapping(table), { ...NO_EDITS, ...edits })
}

/** The letters that an answer column names, read with options a0 a1 … (three, or as many as given). */
function answers(cells: string[], options: string[][] = [], header = 'answer'): (string | null)[] {
  const rows = cells.map((cell, i) => [`p${i}`, ...(options[i] ?? ['red', 'green', 'blue']), cell])
  const { questions } = read([['prompt', 'A', 'B', 'C', header], ...rows])
  return questions.map(({ answer, options }) => (answer === null ? null : options[answer]!.letter))
}

const HEADER = ['id', 'prompt', 'A', 'B', 'C']

describe('readQuestions', () => {
  it('keeps every cell byte for byte', () => {
    const text = fc.string({ unit: fc.constantFrom('x', ' ', ',', '"', '\n', '\r', '\t', 'é'), maxLength: 6 }).map((s) => `x${s}`)
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, text, text, text), { minLength: 1, maxLength: 5 }), (rows) => {
        const { questions } = read([HEADER, ...rows])
        expect(questions.map((q) => [q.id, q.prompt, ...q.options.map((option) => option.text)])).toEqual(rows)
      }),
    )
  })

  it('gives one question a row, in order', () => {
    expect(
      read([HEADER, ['x', '', '', '', ''], ['y', 'p', 'a', '', ''], ['z', 'p', 'a', 'b', 'c']]).questions.map((q) => [q.row, q.id]),
    ).toEqual([
      [1, 'x'],
      [2, 'y'],
      [3, 'z'],
    ])
  })

  it('takes None, nan and NA for text', () => {
    expect(read([HEADER, ['1', 'NA', 'None', 'nan', 'NA']])).toMatchObject({
      questions: [{ prompt: 'NA', options: [{ text: 'None' }, { text: 'nan' }, { text: 'NA' }] }],
      problems: [],
    })
  })

  it('uses the row number where there is no id column', () => {
    expect(
      read([
        ['prompt', 'A', 'B'],
        ['p', 'a', 'b'],
        ['q', 'c', 'd'],
      ]).questions.map((q) => q.id),
    ).toEqual(['1', '2'])
  })

  it('lists empty, repeated and formula ids', () => {
    const { questions, problems } = read([
      HEADER,
      ['7', 'p', 'a', 'b', 'c'],
      [' ', 'p', 'a', 'b', 'c'],
      ['7', 'p', 'a', 'b', 'c'],
      ['=1', 'p', 'a', 'b', 'c'],
    ])
    expect([questions.map((q) => q.id), problems]).toEqual([
      ['7', '2', '7', '=1'],
      [
        { row: 2, column: 'id', code: 'id_empty', detail: {} },
        { row: 3, column: 'id', code: 'id_duplicate', detail: { id: '7', first: 1 } },
        { row: 4, column: 'id', code: 'id_formula', detail: { id: '=1' } },
      ],
    ])
  })

  it('renumbers ids when asked to', () => {
    const { questions, problems } = read([HEADER, ['7', 'p', 'a', 'b', 'c'], ['7', 'p', 'a', 'b', 'c']], { isRenumbered: true })
    expect([questions.map((q) => q.id), problems]).toEqual([['1', '2'], []])
  })

  it('lists an empty question, empty options, a single option and none', () => {
    const rows = [
      ['1', ' ', 'a', 'b', 'c'],
      ['2', 'p', 'a', '  ', 'c'],
      ['3', 'p', '', 'b', ''],
      ['4', 'p', '', '', ''],
    ]
    expect(read([HEADER, ...rows]).problems).toEqual([
      { row: 1, column: 'prompt', code: 'prompt_empty', detail: {} },
      { row: 2, column: 'B', code: 'option_empty', detail: { letter: 'B', left: 2 } },
      { row: 3, column: 'B', code: 'one_option', detail: { letter: 'B' } },
      { row: 4, column: null, code: 'options_missing', detail: {} },
    ])
  })

  it('keeps the letters of the options that are left', () => {
    expect(read([HEADER, ['1', 'p', '', 'b', 'c']]).questions[0]!.options).toEqual([
      { letter: 'B', text: 'b' },
      { letter: 'C', text: 'c' },
    ])
  })

  it('takes an empty context for none', () => {
    const rows = [
      ['prompt', 'A', 'B', 'context'],
      ['p', 'a', 'b', ' '],
      ['p', 'a', 'b', ' c '],
    ]
    expect(read(rows).questions.map((q) => q.context)).toEqual([null, ' c '])
  })

  it('keeps a skipped row as a question without problems', () => {
    const { questions, problems } = read([HEADER, ['1', '', 'a', '', 'c'], ['2', '', 'a', 'b', 'c']], { skippedRows: [1] })
    expect([questions.length, problems.map((problem) => problem.row)]).toEqual([2, [2]])
  })

  it('lists answers that are missing, unknown, or name an empty option', () => {
    const header = ['prompt', 'A', 'B', 'C', 'answer']
    expect(
      read([header, ['p', 'a', 'b', 'c', ''], ['p', 'a', 'b', 'c', 'F'], ['p', 'a', '', 'c', 'B'], ['p', 'a', 'b', 'c', 'A']]).problems,
    ).toEqual([
      { row: 1, column: 'answer', code: 'answer_missing', detail: {} },
      { row: 2, column: 'answer', code: 'answer_unknown', detail: { answer: 'F', letters: 'A, B, C' } },
      { row: 3, column: 'B', code: 'option_empty', detail: { letter: 'B', left: 2 } },
      { row: 3, column: 'answer', code: 'answer_option_empty', detail: { letter: 'B' } },
    ])
  })

  it('lets the visitor correct an answer', () => {
    const rows = [
      ['prompt', 'A', 'B', 'answer'],
      ['p', 'a', 'b', 'F'],
      ['p', 'a', 'b', 'A'],
    ]
    const { questions, problems } = read(rows, { answers: { 1: 'b' } })
    expect([questions.map((q) => q.answer), problems]).toEqual([[1, 0], []])
  })

  it('quotes a long value in part', () => {
    const { problems } = read([
      ['prompt', 'A', 'B', 'answer'],
      ['p', 'a', 'b', 'x'.repeat(1000)],
    ])
    expect(String(problems[0]!.detail['answer']).length).toBe(80)
  })
})

describe('answers', () => {
  it.each([
    ['letters', ['A', 'c', ' B '], ['A', 'C', 'B']],
    ['dressed letters', ['(A)', 'C.', 'Option B'], ['A', 'C', 'B']],
    ['texts', ['red', ' blue ', 'GREEN'], ['A', 'C', 'B']],
    ['numbers with a 0', ['0', '2', '1'], ['A', 'C', 'B']],
    ['numbers with a 3 of three', ['1', '3', '2'], ['A', 'C', 'B']],
    ['numbers of a data frame', ['0.0', '2.0', ''], ['A', 'C', null]],
    ['letters and, as in ARC, some numbers', ['A', 'B', '3'], ['A', 'B', 'C']],
    ['nothing', ['', ' '], [null, null]],
    ['something else', ['nan', '9'], [null, null]],
  ])('may be %s', (_, cells, letters) => expect(answers(cells)).toEqual(letters))

  it('count from 1 where the column does not say', () => expect(answers(['1', '2'])).toEqual(['A', 'B']))
  it('count from 0 in a column called label where it does not say', () => expect(answers(['1', '2'], [], 'label')).toEqual(['B', 'C']))

  it('count as the option headers do', () => {
    const zero = read([
      ['prompt', 'ending0', 'ending1', 'ending2', 'answer'],
      ['p', 'a', 'b', 'c', '1'],
    ])
    const one = read([
      ['prompt', 'choice1', 'choice2', 'choice3', 'label'],
      ['p', 'a', 'b', 'c', '1'],
    ])
    expect([zero.questions[0]!.answer, one.questions[0]!.answer]).toEqual([1, 0])
  })

  it('that are numbers and match the options of every row are texts', () => {
    expect(answers(['3', '1'], [['1', '2', '3'].reverse(), ['2', '1', '3']])).toEqual(['A', 'B'])
  })

  it('that are numbers and match the options of some row only are places', () => {
    expect(answers(['1', '3', '2'], [['2', '1', '3']])).toEqual(['A', 'C', 'B'])
  })

  it('that are letters win over options that are letters', () => {
    expect(
      answers(
        ['A', 'B'],
        [
          ['B', 'A', 'C'],
          ['x', 'y', 'z'],
        ],
      ),
    ).toEqual(['A', 'B'])
  })

  it('name the first of two equal options', () => expect(answers(['x', 'red'], [['y', 'x', 'x']])).toEqual(['B', 'A']))

  it('written as letters, numbers or texts mean the same', () => {
    const key = fc.array(fc.nat(2), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(key, (places) => {
        const letters = places.map((place) => 'ABC'[place]!)
        expect(answers(letters)).toEqual(letters)
        expect(answers(places.map((place) => ['red', 'green', 'blue'][place]!))).toEqual(letters)
        // One row of each place makes the base plain.
        const all = [...places, 0, 2]
        const shown = all.map((place) => 'ABC'[place]!)
        expect(answers(all.map(String))).toEqual(shown)
        expect(answers(all.map((place) => String(place + 1)))).toEqual(shown)
      }),
    )
  })
})
