import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { markWords } from '../../src/app/state/marked-words'

const marked = (passage: string, question: string) => markWords(passage, question).flatMap(({ text, isMarked }) => (isMarked ? [text] : []))

describe('the words of a passage that stand in the question', () => {
  test('they are marked without regard to case', () => {
    expect(marked('Osmosis moves Water.', 'Which process moves water?')).toEqual(['moves', 'Water'])
  })
  test('short and common words are not', () => {
    expect(marked('This is what the leaf is about.', 'What is this about, a leaf?')).toEqual(['leaf'])
  })
  test('parts of words are not', () => {
    expect(marked('waterfall underwater', 'water')).toEqual([])
  })
  test('joined, the segments are the passage', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (passage, question) => {
        const joined = markWords(passage, question)
          .map((segment) => segment.text)
          .join('')
        expect(joined).toBe(passage)
      }),
    )
  })
})
