import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMerger } from '../../src/core/encode/byte-bpe'
import { graphemes } from '../../src/core/encode/graphemes'
import { createTokenizer } from '../../src/core/encode/tokenizer'
import { createLattice } from '../../src/core/encode/unigram'
import { AppError } from '../../src/core/errors'

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8'))
type Ids = Record<string, { withSpecial: number[]; withoutSpecial: number[]; specialTextAsPlain?: number[] }>
const golden = read('tokenizer-golden.json') as { strings: { text: string; ids: Ids }[] }
interface Added {
  id: number
  content: string
}
type File = Record<string, unknown> & { added_tokens: Added[] }

const FILES = {
  wordpiece: 'checkpoints/deberta-v2-wordpiece/tokenizer.json',
  unigram: 'checkpoints/deberta-v3-unigram/tokenizer.json',
  'unigram-transformers5': 'tokenizers/unigram-transformers5.json',
  'byte-bpe': 'checkpoints/roberta-bpe/tokenizer.json',
}
const isUnigram = (name: string): boolean => name.startsWith('unigram')
const unknownOf = (name: string): number => (isUnigram(name) ? 3 : name === 'wordpiece' ? 1 : -1)

describe.each(Object.entries(FILES))('%s', (name, path) => {
  const file = read(path) as File
  const tokenizer = createTokenizer(file)
  // The Rust library takes the control pieces of a Unigram model for ordinary ones; without a list of special tokens so does ours.
  const asLibrary = isUnigram(name) ? createTokenizer({ ...file, added_tokens: [] }) : tokenizer

  it.each(golden.strings)('gives the ids of the Rust tokenizer for $text', ({ text, ids }) => {
    expect(asLibrary.encode(text)).toEqual(ids[name]!.specialTextAsPlain ?? ids[name]!.withoutSpecial)
  })

  it('starts and ends a sequence as the Rust tokenizer does', () => {
    const { withSpecial } = golden.strings.find(({ text }) => text === 'a')!.ids[name]!
    expect([tokenizer.startId, ...tokenizer.encode('a'), tokenizer.endId]).toEqual(withSpecial)
  })

  it('may leave out which kind of model it is', () => {
    const { type: _, ...untyped } = file['model'] as Record<string, unknown>
    const text = 'The Electron’s c = λν'
    expect(createTokenizer({ ...file, model: untyped }).encode(text)).toEqual(tokenizer.encode(text))
  })

  it('keeps text that spells a special token as text', () => {
    const barred = file.added_tokens.map(({ id }) => id).filter((id) => id !== unknownOf(name))
    const spelled = fc.constantFrom(...file.added_tokens.map(({ content }) => content), '［ＳＥＰ］', '［ＣＬＳ］', '▁[SEP]')
    fc.assert(
      fc.property(fc.array(fc.oneof(spelled, fc.string({ unit: 'grapheme' }))), (parts) => {
        expect(tokenizer.encode(parts.join('')).filter((id) => barred.includes(id))).toEqual([])
      }),
    )
  })

  it('gives ids below its limit for any text, lone surrogates included', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }), (text) => {
        expect(tokenizer.encode(text).every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.idLimit)).toBe(true)
      }),
    )
  })

  it('reads a cell of a hundred thousand letters without a blank within seconds', () => {
    const startedAt = performance.now()
    for (const letter of ['a', ' ', '#', '水', '\u0301']) tokenizer.encode(letter.repeat(100_000))
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })

  it('never crashes, whatever part is replaced or missing', () => {
    const places = ['normalizer', 'pre_tokenizer', 'post_processor', 'model', 'added_tokens'].flatMap((key) => {
      const part = file[key]
      const inner = part && typeof part === 'object' ? Object.keys(part).filter((k) => k !== 'vocab') : []
      return [[key], ...inner.map((k) => [key, k])]
    })
    const lean = { ...file, model: { ...(file['model'] as object), vocab: isUnigram(name) ? [['a', 0]] : { a: 0 } } }
    fc.assert(
      fc.property(fc.constantFrom(file, lean), fc.constantFrom(...places), fc.anything(), (base, path, value) => {
        const [outer, inner] = path as [string, string?]
        const part = base[outer] as object
        const changed = inner === undefined ? value : Array.isArray(part) ? [value] : { ...part, [inner]: value }
        try {
          createTokenizer({ ...base, [outer]: changed }).encode('the star [SEP] é')
        } catch (error) {
          if (!(error instanceof AppError)) throw error
          expect(['tokenizer_damaged', 'model_unsupported']).toContain(error.code)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('an added token that is not special', () => {
  it('is refused by name, since it would have to be found in the text first', () => {
    const file = read(FILES['byte-bpe']) as File
    const added_tokens = [...file.added_tokens, { id: 600, content: '<ctx>', special: false }]
    expect(() => createTokenizer({ ...file, added_tokens })).toThrow('an added token of tokenizer.json is <ctx>')
  })
})

describe('the lattice', () => {
  const pieces = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[abc]{1,3}$/), fc.integer({ min: -9, max: 0 })), {
    selector: ([p]) => p,
    minLength: 1,
  })

  /** Every way to cut the word; a letter without a piece costs the lowest score less 10. */
  function bestSum(word: string, scores: ReadonlyMap<string, number>): number {
    if (word === '') return 0
    const unknown = Math.min(...scores.values()) - 10
    const cuts = [...word].map((_, i) => word.slice(0, i + 1)).filter((piece) => scores.has(piece) || piece.length === 1)
    return Math.max(...cuts.map((piece) => (scores.get(piece) ?? unknown) + bestSum(word.slice(piece.length), scores)))
  }

  it('finds pieces of the highest sum', () => {
    fc.assert(
      fc.property(pieces, fc.stringMatching(/^[abc]{0,7}$/), (list, word) => {
        const scores = new Map(list)
        const values = Float64Array.from([0, ...list.map(([, score]) => score)])
        const cut = createLattice(new Map(list.map(([piece], i) => [piece, i + 1])), values, 0)(word)
        const isKnown = [...word].every((letter) => scores.has(letter))
        fc.pre(isKnown) // with unknown letters fused the sum cannot be read from the ids
        expect(cut.reduce((sum, id) => sum + values[id]!, 0)).toBe(bestSum(word, scores))
      }),
    )
  })

  it('makes one unknown token of neighbours without a piece', () => {
    expect(createLattice(new Map([['a', 1]]), Float64Array.of(0, -1), 0)('xxaxx')).toEqual([0, 1, 0])
  })
})

describe('byte-pair merges', () => {
  /** Straight from the paper: the best pair of the word is merged, again and again. */
  function naiveMerge(word: readonly number[], merges: ReadonlyMap<number, number>): number[] {
    const ids = [...word]
    for (;;) {
      const found = ids.slice(1).map((id, i) => merges.get(ids[i]! * 2 ** 24 + id) ?? Infinity)
      const best = Math.min(...found)
      if (best === Infinity) return ids
      ids.splice(found.indexOf(best), 2, best % 2 ** 24)
    }
  }

  it('agree with merging the best pair again and again', () => {
    const id = fc.integer({ min: 0, max: 5 })
    const table = fc.uniqueArray(fc.tuple(id, id, id), { selector: ([a, b]) => a * 10 + b, maxLength: 12 })
    fc.assert(
      fc.property(table, fc.array(id, { maxLength: 30 }), (list, word) => {
        const merges = new Map(list.map(([a, b, c], rank) => [a * 2 ** 24 + b, rank * 2 ** 24 + c]))
        expect(createMerger(merges)(word)).toEqual(naiveMerge(word, merges))
      }),
    )
  })
})

describe('grapheme clusters', () => {
  const part = fc.oneof(fc.constantFrom('👩🏽‍🚀', '🇫🇷', 'e\u0301', '\r\n', '👨‍👩‍👧‍👦', 'क्षि', '\u0301', 'ab'), fc.string({ unit: 'grapheme' }))

  it('are those of the whole text, window by window', () => {
    const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.integer({ min: 1, max: 60 }), (parts, times) => {
        const text = parts.join('').repeat(times)
        expect(graphemes(text)).toEqual(Array.from(segmenter.segment(text), ({ segment }) => segment))
      }),
    )
  })
})
