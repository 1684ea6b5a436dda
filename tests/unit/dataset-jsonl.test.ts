import { describe, expect, it } from 'vitest'
import { guessMapping, NO_EDITS, readQuestions, readTable, type Table } from '../../src/core/dataset'
import { AppError } from '../../src/core/errors'

const read = (text: string, name = 'quiz.jsonl'): Table => readTable(name, new TextEncoder().encode(text))
const lines = (...records: unknown[]): string => records.map((record) => JSON.stringify(record) + '\n').join('')

/** prompt, option texts by letter, right letter, context: what a reader would take from the record. */
function questionsOf(text: string): unknown[] {
  const table = read(text)
  const { questions } = readQuestions(table, guessMapping(table), NO_EDITS)
  return questions.map(({ id, prompt, options, answer, context }) => ({
    id,
    prompt,
    options: Object.fromEntries(options.map((option) => [option.letter, option.text])),
    answer: answer === null ? null : options[answer]!.letter,
    context,
  }))
}
const expected = { id: '7', prompt: 'Which?', options: { A: 'x', B: 'y' }, answer: 'B', context: null }

describe('readTable on JSON Lines', () => {
  it.each([
    [
      'OpenBookQA and ARC',
      {
        id: '7',
        question: {
          stem: 'Which?',
          choices: [
            { text: 'x', label: 'A' },
            { text: 'y', label: 'B' },
          ],
        },
        answerKey: 'B',
      },
    ],
    [
      'ARC with labels 1-4',
      {
        id: '7',
        question: {
          stem: 'Which?',
          choices: [
            { text: 'x', label: '1' },
            { text: 'y', label: '2' },
          ],
        },
        answerKey: '2',
      },
    ],
    ['ARC on the hub', { id: '7', question: 'Which?', choices: { text: ['x', 'y'], label: ['A', 'B'] }, answerKey: 'B' }],
    ['ARC on the hub with numbers', { id: '7', question: 'Which?', choices: { text: ['x', 'y'], label: ['1', '2'] }, answerKey: '2' }],
    ['OpenBookQA on the hub', { id: '7', question_stem: 'Which?', choices: { text: ['x', 'y'], label: ['A', 'B'] }, answerKey: 'B' }],
    ['prompt, options, answer', { id: 7, prompt: 'Which?', options: ['x', 'y'], answer: 'B' }],
    ['options by letter', { id: 7, question: 'Which?', options: { A: 'x', B: 'y' }, answer: 'y' }],
    ['flat', { id: 7, prompt: 'Which?', A: 'x', B: 'y', answer: 'B' }],
  ])('reads the shape of %s', (_, record) => expect(questionsOf(lines(record))).toEqual([expected]))

  it('keeps text and labels of one record apart from those of the next', () => {
    const mixed = lines(
      {
        question: {
          stem: 'p',
          choices: [
            { text: 'x', label: '1' },
            { text: 'y', label: '2' },
            { text: 'z', label: '3' },
          ],
        },
        answerKey: '3',
      },
      {
        question: {
          stem: 'q',
          choices: [
            { text: 'v', label: 'A' },
            { text: 'w', label: 'B' },
          ],
        },
        answerKey: 'A',
      },
    )
    expect(questionsOf(mixed)).toEqual([
      { id: '1', prompt: 'p', options: { A: 'x', B: 'y', C: 'z' }, answer: 'C', context: null },
      { id: '2', prompt: 'q', options: { A: 'v', B: 'w' }, answer: 'A', context: null },
    ])
  })

  it('counts answers of a list of options from 0 where a 0 is among them', () => {
    const text = lines({ question: 'p', choices: ['x', 'y'], answer: 1 }, { question: 'q', choices: ['v', 'w'], answer: 0 })
    expect(questionsOf(text)).toMatchObject([{ answer: 'B' }, { answer: 'A' }])
  })

  it('reads the context', () => {
    expect(questionsOf(lines({ prompt: 'p', options: ['x', 'y'], context: ' c ' }))).toMatchObject([{ context: ' c ' }])
  })

  it('reads a JSON list as its records', () => {
    expect(
      questionsOf(
        JSON.stringify(
          [
            { prompt: 'p', options: ['x', 'y'] },
            { prompt: 'q', options: ['v', 'w'] },
          ],
          null,
          2,
        ),
      ),
    ).toMatchObject([{ prompt: 'p' }, { prompt: 'q' }])
  })

  it('reads the list inside one object', () => {
    expect(questionsOf(JSON.stringify({ rows: [{ row: { prompt: 'p', options: ['x', 'y'] } }] }, null, 2))).toMatchObject([{ prompt: 'p' }])
  })

  it('reads a list with one record a line that was cut off', () => {
    expect(questionsOf('[\n{"prompt":"p","A":"x","B":"y"},\n{"prompt":"q","A":"v","B":"w"},\n{"prom')).toMatchObject([
      { prompt: 'p' },
      { prompt: 'q' },
      { prompt: '', options: {} },
    ])
  })

  it('keeps a row for a line that is not JSON, and says only that', () => {
    const table = read('{"prompt":"p","A":"x","B":"y"}\nnot json\n\n{"prompt":"q","A":"v","B":"w"}\n')
    const { questions, problems } = readQuestions(table, guessMapping(table), NO_EDITS)
    expect([questions.length, table.problems, problems]).toEqual([
      3,
      [{ row: 2, column: null, code: 'line_unreadable', detail: { line: 2 } }],
      [],
    ])
  })

  it('does not complain that a record has fewer options than another', () => {
    const table = read(lines({ prompt: 'p', options: ['x', 'y', 'z'] }, { prompt: 'q', options: ['v', 'w'] }))
    expect(readQuestions(table, guessMapping(table), NO_EDITS).problems).toEqual([])
  })

  it('reads JSON whatever the file is called', () => expect(read(lines({ prompt: 'p', A: 'x', B: 'y' }), 'quiz.csv').format).toBe('jsonl'))

  it('takes a key called __proto__ for a column like any other', () => {
    expect(read('{"__proto__":"x","prompt":"p","A":"a","B":"b"}\n').columns).toEqual(['__proto__', 'prompt', 'A', 'B'])
  })

  it('refuses a file without any JSON object', () => {
    expect(() => read('hello\nworld\n')).toThrow(AppError)
    expect(() => read('[1, 2]')).toThrow('holds no question as JSON')
  })
})
