import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/errors'
import { Bm25, IndexBuilder, openIndex, termsOf, type Bm25Settings, type Hit, type PassageIndex } from '../../src/core/retrieve'
import { selectTop } from '../../src/core/retrieve/bm25'

const names = { library: 'test', file: 'index.bin' }
const settings: Bm25Settings = { k1: 1.2, b: 0.75 }

function indexOf(texts: readonly string[]): PassageIndex {
  const builder = new IndexBuilder()
  for (const text of texts) builder.add(text)
  return openIndex(builder.finish(), names)
}

/** BM25 straight from its formula, passage by passage. */
function naiveSearch(texts: readonly string[], query: readonly string[], count: number, { k1, b }: Bm25Settings): Hit[] {
  const passages = texts.map(termsOf)
  const average = passages.reduce((sum, terms) => sum + terms.length, 0) / passages.length
  const distinct = Array.from(new Set(query), (term) => ({
    term,
    repeats: query.filter((other) => other === term).length,
    df: passages.filter((terms) => terms.includes(term)).length,
  }))
  const scores = passages.map((terms) => {
    let score = 0
    for (const { term, repeats, df } of distinct) {
      const tf = terms.filter((other) => other === term).length
      const gain = repeats * Math.log(1 + (passages.length - df + 0.5) / (df + 0.5))
      if (tf > 0) score += (gain * tf) / (tf + k1 * (1 - b + (b * terms.length) / average))
    }
    return score
  })
  return scores
    .map((score, passage) => ({ passage, score }))
    .filter(({ score }) => score > 0)
    .sort((x, y) => y.score - x.score || x.passage - y.passage)
    .slice(0, count)
}

const word = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('cell', 'cells', 'energy', 'Φ', 'naïve', 'quark', '水素', '𠀀𠀁', 'x2', 'the', 'constructor', '__proto__'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }) },
)
const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(' '))
const texts = fc.array(text, { minLength: 1, maxLength: 40 })

describe('BM25', () => {
  it('finds the passages that the formula finds, in the same order with the same scores', () => {
    const k1 = fc.double({ min: 0.1, max: 3, noNaN: true })
    const b = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(texts, text, fc.integer({ min: 1, max: 20 }), fc.record({ k1, b }), (passages, query, count, settings) => {
        const terms = termsOf(query)
        expect(new Bm25(indexOf(passages), settings).search(terms, count)).toEqual(naiveSearch(passages, terms, count, settings))
      }),
    )
  })

  it('finds the same in thousands of passages', () => {
    const passages = Array.from({ length: 3000 }, (_, i) => `w${i % 7} w${i % 131} w${(i * i) % 997} ${'common '.repeat(i % 200)}`)
    const query = ['common', 'w3', 'w50', 'w400', 'missing']
    expect(new Bm25(indexOf(passages), settings).search(query, 25)).toEqual(naiveSearch(passages, query, 25, settings))
  })

  it('answers the same when asked again', () => {
    const bm25 = new Bm25(indexOf(['a cell', 'two cells', 'no match']), settings)
    expect(bm25.search(['cell'], 3)).toEqual(bm25.search(['cell'], 3))
  })

  it('counts a query term as often as it is repeated', () => {
    const bm25 = new Bm25(indexOf(['a cell', 'a quark']), settings)
    expect(bm25.search(['cell', 'quark', 'quark'], 2).map(({ passage }) => passage)).toEqual([1, 0])
  })

  it('finds nothing in an empty library', () => {
    expect(new Bm25(indexOf([]), settings).search(['cell'], 5)).toEqual([])
  })
})

describe('selecting the top', () => {
  it('sorts by score, ties by number, and leaves zeros out', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 })), fc.integer({ min: 0, max: 8 }), (sums, count) => {
        const naive = sums.map((score, passage) => ({ passage, score })).filter(({ score }) => score > 0)
        naive.sort((a, b) => b.score - a.score || a.passage - b.passage)
        expect(selectTop(sums, count)).toEqual(naive.slice(0, count))
      }),
    )
  })
})

describe('index file', () => {
  it('finds every term it was given and no other', () => {
    const term = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.array(fc.array(term), { maxLength: 20 }), fc.array(term), (passages, others) => {
        const frequencies = new Map<string, number>()
        for (const words of passages)
          for (const one of new Set(termsOf(words.join(' ')))) frequencies.set(one, (frequencies.get(one) ?? 0) + 1)
        const index = indexOf(passages.map((words) => words.join(' ')))
        const asked = new Set([...frequencies.keys(), ...others])
        expect(Array.from(asked, (one) => index.find(one)?.documentFrequency)).toEqual(Array.from(asked, (one) => frequencies.get(one)))
      }),
    )
  })

  it('has the same bytes for the same passages', () => {
    const build = (): Uint8Array => {
      const builder = new IndexBuilder()
      for (let i = 0; i < 100; i++) builder.add(`passage ${i} about cell ${i % 9}`)
      return builder.finish()
    }
    expect(build()).toEqual(build())
  })

  it('is refused, or answers something, when bytes of it are damaged or missing', () => {
    const builder = new IndexBuilder()
    for (let i = 0; i < 60; i++) builder.add(`passage ${i} of cell ${i % 9} quark`)
    const sound = builder.finish()
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(40), (changes, cut) => {
        const bytes = sound.slice(0, sound.length - (cut > 30 ? cut : 0))
        for (const [at, value] of changes) bytes[at] = value
        try {
          const hits = new Bm25(openIndex(bytes, names), settings).search(['cell', 'quark', '7', 'passag'], 10)
          expect(hits.length).toBeLessThanOrEqual(10)
        } catch (error) {
          expect(error instanceof AppError && error.code).toBe('library_damaged')
        }
      }),
      { numRuns: 500 },
    )
  })

  it('stays under a third of the text it indexes', () => {
    const vocabulary = Array.from({ length: 3000 }, (_, i) => `term${i.toString(36)}`)
    const passages = Array.from({ length: 2000 }, (_, i) =>
      Array.from({ length: 60 }, (_, j) => vocabulary[(i * 31 + j * j * 17) % 3000]).join(' '),
    )
    const builder = new IndexBuilder()
    for (const passage of passages) builder.add(passage)
    expect(builder.finish().length / passages.join('').length).toBeLessThan(1 / 3)
  })
})
