import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fitContext, readFrequencies, type Frequencies } from '../../src/core/encode/fit'

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
const frequencies = readFrequencies(read('../../models/default/stems.json'))
interface Case {
  context: string
  prompt: string
  options: string[]
  words: number
  fitted: string
}
const golden = read('../fixtures/fit-golden.json') as { cases: Case[] }
const none: Frequencies = { passages: 1, stems: new Map() }
const fitted = (context: string, words: number, prompt = 'target'): string => fitContext(context, prompt, ['option'], words, none)

it.each(golden.cases.map((item, index) => [index, item] as const))('keeps the sentences that the recipe keeps (case %i)', (_, item) => {
  expect(fitContext(item.context, item.prompt, item.options, item.words, frequencies)).toBe(item.fitted)
})

it('leaves a context within the budget byte for byte as it is', () => {
  expect(fitted('  One.\n\nTwo  three.  ', 3)).toBe('  One.\n\nTwo  three.  ')
})

it('keeps the sentence that shares words with the question', () => {
  expect(fitted('Nothing here at all. The target is here. Nothing there either.', 4)).toBe('The target is here.')
})

it('keeps the order of the text', () => {
  expect(fitted('One option is here. Filler words stand in between. The target is here.', 8)).toBe(
    'One option is here. The target is here.',
  )
})

it('keeps earlier sentences on ties', () => {
  expect(fitted('A target one. A target two. A target three.', 6)).toBe('A target one. A target two.')
})

it('stays within the budget unless one sentence alone is over it', () => {
  const sentence = fc
    .array(fc.constantFrom('target', 'option', 'The', 'cell', '42'), { minLength: 1, maxLength: 30 })
    .map((words) => `A ${words.join(' ')}.`)
  fc.assert(
    fc.property(fc.array(sentence, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 120 }), (sentences, words) => {
      const kept = fitted(sentences.join(' '), words).split(' ').length
      expect(kept <= words || sentences.some((one) => one.split(' ').length === kept)).toBe(true)
    }),
  )
})

it('refuses a table of stems that is none', () => {
  expect(() => readFrequencies({ passages: 3, stems: { cell: 'often' } })).toThrow('stem cell in stems.json is often')
})
