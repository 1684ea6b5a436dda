import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { guessMapping, mappingBlocker } from '../../src/core/dataset'

/** Names of the guessed columns. */
function guess(header: string): Record<string, unknown> {
  const columns = header.split(',')
  const { id, prompt, options, answer, context } = guessMapping({ columns })
  const name = (column: number | null) => (column === null ? null : columns[column])
  return {
    id: name(id),
    prompt: name(prompt),
    options: options.map((option) => `${option.letter}=${columns[option.column]}`).join(' '),
    answer: name(answer),
    context: name(context),
  }
}

describe('guessMapping', () => {
  it('maps the Kaggle header', () => {
    expect(guess('id,prompt,A,B,C,D,E,answer,context')).toEqual({
      id: 'id',
      prompt: 'prompt',
      options: 'A=A B=B C=C D=D E=E',
      answer: 'answer',
      context: 'context',
    })
  })

  it('maps the same columns in any order and case', () => {
    const names = ['id', 'prompt', 'A', 'B', 'C', 'D', 'E', 'answer', 'context']
    const cased = fc
      .shuffledSubarray(names, { minLength: 9, maxLength: 9 })
      .chain((columns) =>
        fc.tuple(...columns.map((column) => fc.constantFrom(column, column.toUpperCase(), column.toLowerCase(), ` ${column} `))),
      )
    fc.assert(
      fc.property(cased, (columns) => {
        const plain = columns.map((column) => column.trim().toLowerCase())
        const at = (name: string) => plain.indexOf(name)
        expect(guessMapping({ columns })).toEqual({
          id: at('id'),
          prompt: at('prompt'),
          options: ['A', 'B', 'C', 'D', 'E'].map((letter) => ({ letter, column: at(letter.toLowerCase()) })),
          answer: at('answer'),
          context: at('context'),
        })
      }),
    )
  })

  it.each([
    ['option_a,option_b,question', 'A=option_a B=option_b'],
    ['Option B,Option A,question', 'A=Option A B=Option B'],
    ['ans_a,ans_b,stem', 'A=ans_a B=ans_b'],
    ['choice1,choice2,choice3,question', 'A=choice1 B=choice2 C=choice3'],
    ['answer1,answer2,answer', 'A=answer1 B=answer2'],
    ['ending0,ending1,ending2,ending3,label', 'A=ending0 B=ending1 C=ending2 D=ending3'],
    ['option10,option2,option1,q', 'A=option1 B=option2 C=option10'],
    ['opa,opb,opc,opd,cop', 'A=opa B=opb C=opc D=opd'],
    ['q,a,b,c', 'A=a B=b C=c'],
    ['optiona,optionb,options', 'A=optiona B=optionb'],
    ['A,B,D', 'A=A B=B D=D'],
    ['question,answer', ''],
  ])('finds the options of %s', (header, options) => expect(guess(header)['options']).toBe(options))

  it('takes up to 26 lettered columns', () => {
    const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i))
    expect(guessMapping({ columns: ['question', ...letters] }).options.map((option) => option.letter)).toEqual(letters)
  })

  it('uses the first of two columns with one name', () => {
    expect(guessMapping({ columns: ['id', 'prompt', 'A', 'B', 'prompt', 'B'] })).toMatchObject({
      prompt: 1,
      options: [
        { letter: 'A', column: 2 },
        { letter: 'B', column: 3 },
      ],
    })
  })

  it.each([
    ['qid,question,a,b,label,passage', { id: 'qid', prompt: 'question', answer: 'label', context: 'passage' }],
    ['ID,Stem,a,b,answerKey,support', { id: 'ID', prompt: 'Stem', answer: 'answerKey', context: 'support' }],
    ['编号,题目,A,B,答案,材料', { id: '编号', prompt: '题目', answer: '答案', context: '材料' }],
    ['foo,bar', { id: null, prompt: null, answer: null, context: null }],
  ])('names the columns of %s', (header, names) => expect(guess(header)).toMatchObject(names))
})

describe('mappingBlocker', () => {
  const blocker = (columns: string[]) => mappingBlocker({ fileName: 'f.csv', columns }, guessMapping({ columns }))?.code ?? null

  it.each([
    [['id', 'prompt', 'A', 'B'], null],
    [['prompt'], 'file_one_column'],
    [['id', 'A', 'B'], 'file_no_prompt'],
    [['id', 'prompt', 'A'], 'file_no_options'],
  ])('for %j is %s', (columns, code) => expect(blocker(columns)).toBe(code))
})
