import fc from 'fast-check'
import { expect, it } from 'vitest'
import { splitPassages } from '../../src/core/retrieve'

const squeeze = (text: string): string => text.replace(/\s+/g, '')
const wordsOf = (text: string): number => text.match(/\S+/g)?.length ?? 0

it('keeps a short text whole', () => {
  expect(splitPassages('  One sentence.\nAnother  one. ')).toEqual(['One sentence. Another one.'])
})

it('breaks between sentences', () => {
  expect(splitPassages('One two three. Four five six. Seven.', { words: 4, overlap: 0 })).toEqual([
    'One two three.',
    'Four five six. Seven.',
  ])
})

it('repeats the last sentence of the passage before where it is short', () => {
  const text = 'The cell has a nucleus. It is round. It holds the genes of the cell. They are many.'
  expect(splitPassages(text, { words: 10, overlap: 4 })).toEqual([
    'The cell has a nucleus. It is round.',
    'It is round. It holds the genes of the cell.',
    'They are many.',
  ])
})

it('does not break after an abbreviation that goes on in small letters', () => {
  expect(splitPassages('Some animals, e.g. cats, purr. Others bark.', { words: 6, overlap: 0 })).toEqual([
    'Some animals, e.g. cats, purr.',
    'Others bark.',
  ])
})

it('breaks Chinese after its full stops and counts two characters as a word', () => {
  expect(splitPassages('水是生命之源。「火是热的。」土是黑的。', { words: 6, overlap: 0 })).toEqual([
    '水是生命之源。',
    '「火是热的。」',
    '土是黑的。',
  ])
})

it('gives nothing for blanks', () => {
  expect(splitPassages(' \n\n \t')).toEqual([])
})

const part = fc.oneof(
  fc.constantFrom('Cells', 'divide', 'e.g.', 'Then.', '水素。', '\n\n', '“So?”', 'x'.repeat(450)),
  fc.string({ unit: 'grapheme' }),
)
const text = fc.array(part, { maxLength: 80 }).map((parts) => parts.join(' '))

it('loses and adds nothing but white space', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 30 }), (text, words) => {
      expect(squeeze(splitPassages(text, { words, overlap: 0 }).join(''))).toBe(squeeze(text))
    }),
  )
})

it('keeps every passage within its size', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 30 }), (text, words, overlap) => {
      expect(splitPassages(text, { words, overlap }).every((passage) => wordsOf(passage) >= 1 && wordsOf(passage) <= words)).toBe(true)
    }),
  )
})

it('takes time in proportion to the text, whatever it is made of', () => {
  for (const unit of [' ', '\n', '.', '"', '。', '」', '. ', 'a', '水']) expect(() => splitPassages(unit.repeat(300_000))).not.toThrow()
}, 5000)
