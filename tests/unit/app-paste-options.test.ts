import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillOptions, MAX_OPTIONS, splitPastedOptions, splitPastedQuestion } from '../../src/app/state/paste-options'

describe('splitPastedOptions', () => {
  it('takes one option from each line and leaves blank lines out', () => {
    expect(splitPastedOptions('red\r\n\r\n  green \nblue\n')).toEqual(['red', 'green', 'blue'])
  })
  it('takes the cells of one spreadsheet row', () => {
    expect(splitPastedOptions('red\tgreen\tblue')).toEqual(['red', 'green', 'blue'])
  })
  it('leaves ordinary text whole', () => {
    expect(splitPastedOptions('A. Einstein')).toEqual(['A. Einstein'])
  })
  it.each([
    ['A) red\nB) green', ['red', 'green']],
    ['(a) red\n(b) green', ['red', 'green']],
    ['1. red\n2. green', ['red', 'green']],
    ['A、红\nB、绿', ['红', '绿']],
    ['- red\n- green', ['red', 'green']],
  ])('removes list marks that count up: %j', (pasted, options) => {
    expect(splitPastedOptions(pasted)).toEqual(options)
  })
  it.each(['1.5 m\n2.5 m', 'B. Russell\nA. Whitehead', 'A) red\ngreen', '- red\ngreen'])(
    'keeps what only looks like a mark: %j',
    (pasted) => {
      expect(splitPastedOptions(pasted)).toEqual(pasted.split('\n'))
    },
  )
})

describe('fillOptions', () => {
  it('writes from the field that received the paste on', () => {
    expect(fillOptions(['a', 'b', 'c'], 1, ['x', 'y', 'z'])).toEqual({ options: ['a', 'x', 'y', 'z'], dropped: 0 })
  })
  it('never holds more than the most options and counts the rest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { minLength: 2, maxLength: 8 }),
        fc.nat(7),
        fc.array(fc.string(), { maxLength: 12 }),
        (options, place, pasted) => {
          const at = Math.min(place, options.length - 1)
          const { options: filled, dropped } = fillOptions(options, at, pasted)
          expect(filled.length).toBeLessThanOrEqual(MAX_OPTIONS)
          expect(filled.slice(at, at + pasted.length - dropped)).toEqual(pasted.slice(0, pasted.length - dropped))
          expect(dropped).toBe(Math.max(0, at + pasted.length - MAX_OPTIONS))
        },
      ),
    )
  })
})

describe('splitPastedQuestion', () => {
  it('takes a prompt and the marked options below it', () => {
    expect(splitPastedQuestion('Which is a metal?\n\nA) iron\nB) neon')).toEqual({ prompt: 'Which is a metal?', options: ['iron', 'neon'] })
  })
  it('keeps a prompt of several lines together', () => {
    expect(splitPastedQuestion('Read this.\nWhich is a metal?\n1. iron\n2. neon')?.prompt).toBe('Read this.\nWhich is a metal?')
  })
  it('leaves text without marked options alone', () => {
    expect(splitPastedQuestion('First line.\nSecond line.\nThird line.')).toBeNull()
  })
})
