import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBertNormalizer } from '../../src/core/encode/bert-normalizer'
import { createTokenizer } from '../../src/core/encode/tokenizer'
import { AppError } from '../../src/core/errors'

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
interface Golden {
  strings: { text: string; ids: { minilm: { withSpecial: number[]; withoutSpecial: number[]; specialTextAsPlain?: number[] } } }[]
}
interface TokenizerJson {
  model: { vocab: Record<string, number>; unk_token: string; continuing_subword_prefix: string }
}
const file = read('../../models/default/tokenizer.json') as TokenizerJson
const golden = read('../fixtures/tokenizer-golden.json') as Golden
const tokenizer = createTokenizer(file)
const unknown = file.model.vocab['[UNK]']!

/** Longest match first, straight from the paper's pseudocode; for words of letters that need no normalizing. */
function naiveWordPieces(word: string): number[] {
  const ids: number[] = []
  for (let start = 0; start < word.length;) {
    let end = word.length
    while (end > start && !Object.hasOwn(file.model.vocab, (start > 0 ? '##' : '') + word.slice(start, end))) end--
    if (end === start) return [unknown]
    ids.push(file.model.vocab[(start > 0 ? '##' : '') + word.slice(start, end)]!)
    start = end
  }
  return ids
}

describe('tokenizer', () => {
  it.each(golden.strings)('gives the ids of the Rust tokenizer for $text', ({ text, ids }) => {
    expect(tokenizer.encode(text)).toEqual(ids.minilm.specialTextAsPlain ?? ids.minilm.withoutSpecial)
  })

  it('starts and ends a sequence as the Rust tokenizer does', () => {
    const { withSpecial } = golden.strings.find(({ text }) => text === 'a')!.ids.minilm
    expect([tokenizer.startId, ...tokenizer.encode('a'), tokenizer.endId]).toEqual(withSpecial)
  })

  it('keeps text that spells a special token as text', () => {
    const special = Object.keys(file.model.vocab).filter((token) => /^\[[A-Z]+\]$/.test(token))
    const forbidden = special.map((token) => file.model.vocab[token])
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...special), fc.string())), (parts) => {
        const ids = tokenizer.encode(parts.join(''))
        expect(ids.filter((id) => id !== unknown && forbidden.includes(id))).toEqual([])
      }),
    )
  })

  it('cuts words into the longest pieces, first to last', () => {
    const letters = fc.array(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(letters, (word) => {
        expect(tokenizer.encode(word.join(''))).toEqual(naiveWordPieces(word.join('')))
      }),
    )
  })

  it('reads words one by one, whatever stands around them', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(tokenizer.encode(`${a} ${b}`)).toEqual([...tokenizer.encode(a), ...tokenizer.encode(b)])
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
})

describe('BERT normalizer', () => {
  const settings = { clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true }

  it('lowers and strips where the model is uncased', () => {
    expect(createBertNormalizer(settings)('Élan VITAL ΑΣ.')).toBe('elan vital ασ.')
  })

  it('keeps case and accents where the model is cased', () => {
    expect(createBertNormalizer({ ...settings, lowercase: false })('Élan VITAL')).toBe('Élan VITAL')
  })

  it('strips accents alone when told to', () => {
    expect(createBertNormalizer({ ...settings, lowercase: false, strip_accents: true })('Élan')).toBe('Elan')
  })
})

describe('a tokenizer.json that cannot be used', () => {
  const codeOf = (json: unknown): string => {
    try {
      createTokenizer(json)
      return 'accepted'
    } catch (error) {
      if (error instanceof AppError) return error.code
      throw error
    }
  }
  const small = {
    vocab: { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, a: 3 },
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
  }
  const sound = { ...file, model: { type: 'WordPiece', ...small } }

  it('is told from a sound one', () => {
    expect(codeOf(sound)).toBe('accepted')
  })

  it.each([
    ['is not an object', null],
    ['has no model', {}],
    ['has an empty vocabulary', { ...sound, model: { ...sound.model, vocab: {} } }],
    ['lacks the separator', { ...sound, model: { ...sound.model, vocab: { '[UNK]': 0, '[CLS]': 1 } } }],
    ['has an id twice', { ...sound, model: { ...sound.model, vocab: { ...small.vocab, b: 3 } } }],
    ['has an id that is no number', { ...sound, model: { ...sound.model, vocab: { ...small.vocab, b: '4' } } }],
    ['has an id beyond all vocabularies', { ...sound, model: { ...sound.model, vocab: { ...small.vocab, b: 2 ** 40 } } }],
  ])('is damaged when it %s', (_, json) => {
    expect(codeOf(json)).toBe('tokenizer_damaged')
  })

  it('is unsupported when it is of another kind', () => {
    expect(codeOf({ ...sound, model: { ...sound.model, type: 'Unigram' } })).toBe('model_unsupported')
  })

  it('never crashes, whatever part is replaced or missing', () => {
    const paths = [['normalizer'], ['pre_tokenizer'], ['model'], ...Object.keys(sound.model).map((key) => ['model', key])]
    const place = fc.constantFrom(...paths)
    fc.assert(
      fc.property(place, fc.anything(), (path, value) => {
        const broken = structuredClone(sound) as unknown as Record<string, Record<string, unknown>>
        if (path.length === 1) broken[path[0]!] = value as Record<string, unknown>
        else broken[path[0]!]![path[1]!] = value
        expect(['accepted', 'tokenizer_damaged', 'model_unsupported']).toContain(codeOf(broken))
      }),
    )
  })
})
