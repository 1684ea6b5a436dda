import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createStemmer, stem } from '../../src/core/encode/stem'

const golden = JSON.parse(readFileSync(new URL('../fixtures/stem-golden.json', import.meta.url), 'utf8')) as {
  stems: Record<string, string>
}

it('gives the stems of Snowball 3 for words of the library and for soup', () => {
  const ours = Object.fromEntries(Object.keys(golden.stems).map((word) => [word, stem(word)]))
  expect(ours).toEqual(golden.stems)
})

it('gives the same stem whether or not a word is remembered', () => {
  const remembered = createStemmer(3)
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(golden.stems)), (word) => {
      expect(remembered(word)).toBe(stem(word))
    }),
  )
})
