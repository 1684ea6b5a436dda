import fc from 'fast-check'
import { expect, it } from 'vitest'
import { termsOf } from '../../src/core/retrieve'

it.each([
  ['stems English words', 'The Organisms divided', ['organism', 'divid']],
  ['leaves stop words out', 'that it is on the', []],
  ['folds accents, full-width and subscript forms', 'Schrödinger ＦＵＬＬ H₂O', ['schroding', 'full', 'h2o']],
  ['keeps words of other scripts whole', 'Энтропия растёт', ['энтропия', 'растет'.normalize()]],
  ['keeps vowel signs', 'निर्माण', ['निर्माण']],
  ['pairs Chinese characters', '水的化学式', ['水的', '的化', '化学', '学式']],
  ['pairs Japanese and Korean characters', 'カタカナ 물의', ['カタ', 'タカ', 'カナ', '물의']],
  ['keeps a Chinese character that stands alone', '水 and 火', ['水', '火']],
  ['parts Chinese from Latin', '化学H2O式', ['化学', 'h2o', '式']],
  ['pairs characters beyond U+FFFF', '𠀀𠀁𠀂', ['𠀀𠀁', '𠀁𠀂']],
  ['splits at punctuation and symbols', 'a+b=c; x_y 3.14', ['b', 'c', 'x', 'y', '3', '14']],
])('%s', (_, text, terms) => {
  expect(termsOf(text)).toEqual(terms)
})

it('cuts a word that is too long to be one', () => {
  expect(termsOf('ACGT'.repeat(1_000_000))[0]!.length).toBeLessThanOrEqual(40)
})

it('gives the same terms for plain text on both of its paths', () => {
  const plain = fc.string({ unit: 'binary-ascii' })
  fc.assert(
    fc.property(plain, (text) => {
      expect(termsOf(`${text} é`).slice(0, -1)).toEqual(termsOf(text))
    }),
  )
})

it('gives terms that are found again as they stand', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(termsOf(text).every((term) => term !== '' && term.isWellFormed())).toBe(true)
    }),
  )
})
