import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodePairs, readsTokenTypes } from '../../src/core/encode/pairs'
import { createTokenizer } from '../../src/core/encode/tokenizer'

const FOLDER = new URL('../fixtures/checkpoints/', import.meta.url)
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, FOLDER), 'utf8'))
interface GoldenItem {
  note: string
  prompt: string
  context: string | null
  options: string[]
  truncated: boolean[]
  input_ids: number[][]
  token_type_ids: number[][]
}
interface Golden {
  truncation: { max_length: number }
  items: GoldenItem[]
}
const CHECKPOINTS = [
  'bert-wordpiece',
  'deberta-v2-conv',
  'deberta-v2-noshare',
  'deberta-v2-wordpiece',
  'deberta-v3-unigram',
  'longformer-bpe',
  'mpnet-wordpiece',
  'roberta-bpe',
]
const goldens = [...CHECKPOINTS.map((name) => [name, 'golden.json'] as const), ['deberta-v3-unigram', 'golden-long.json'] as const]
const separator = ' #### '

describe.each(goldens)('layout pairs, %s, %s', (name, file) => {
  const { truncation, items } = read(`${name}/${file}`) as Golden
  const config = read(`${name}/config.json`) as Record<string, unknown>
  const tokenizer = createTokenizer(read(`${name}/tokenizer.json`))
  const settings = { maxTokens: truncation.max_length, separator, hasTypes: readsTokenTypes(config), mostOption: Infinity }

  it.each(items)('gives the ids and types of the reference where nothing is cut ($note)', (item) => {
    const { input } = encodePairs(tokenizer, item, settings)
    const whole = input.pairs.flatMap((pair, option) => (item.truncated[option] ? [] : { pair, option }))
    expect(whole.map(({ pair }) => Array.from(pair.ids))).toEqual(whole.map(({ option }) => item.input_ids[option]))
    const types = whole.map(({ pair }) => (pair.types ? Array.from(pair.types) : null))
    expect(types).toEqual(whole.map(({ option }) => (settings.hasTypes ? item.token_type_ids[option] : null)))
  })

  it('never exceeds the budget', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.integer({ min: 0, max: 90 }).map((n) => 'the star '.repeat(n)),
    )
    fc.assert(
      fc.property(text, text, fc.option(text), (prompt, option, context) => {
        const { pairs } = encodePairs(tokenizer, { prompt, options: [option], context }, settings).input
        expect(pairs[0]!.ids.length).toBeLessThanOrEqual(settings.maxTokens)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a pair that is too long', () => {
  const tokenizer = createTokenizer(read('bert-wordpiece/tokenizer.json'))
  const settings = { maxTokens: 43, separator, hasTypes: true, mostOption: Infinity } // room for 40
  const words = (word: string, count: number): string => Array.from({ length: count }, () => word).join(' ')
  const [the, star] = [tokenizer.encode('the')[0]!, tokenizer.encode('star')[0]!]
  const between = tokenizer.encode('####')
  const cut = (prompt: number, option: number, context: number) => {
    const { input, problems } = encodePairs(
      tokenizer,
      { prompt: words('star', prompt), options: [words('the', option)], context: words('the', context) },
      settings,
    )
    const ids = Array.from(input.pairs[0]!.ids)
    const end = ids.indexOf(tokenizer.endId)
    return { first: ids.slice(1, end), second: ids.slice(end + 1, -1), problems }
  }

  it('keeps no more of an option than the model looks at', () => {
    const asked = { prompt: words('star', 10), options: [words('the', 9), words('the', 3)], context: null }
    const { input, problems } = encodePairs(tokenizer, asked, { ...settings, mostOption: 4 })
    expect(input.pairs.map(({ ids }) => Array.from(ids).filter((id) => id === the).length)).toEqual([4, 3])
    expect(problems).toEqual([{ code: 'option_cut', option: 0, detail: { tokens: 9, kept: 4 } }])
  })

  it('takes from the end of the context first', () => {
    expect(cut(10, 5, 100)).toEqual({
      first: [...Array<number>(21).fill(the), ...between, ...Array<number>(10).fill(star)],
      second: Array<number>(5).fill(the),
      problems: [{ code: 'context_cut', detail: { tokens: 100, kept: 21 } }],
    })
  })

  it('leaves out a context of which too little would be left, with its separator', () => {
    expect(cut(28, 5, 100).first).toEqual(Array<number>(28).fill(star))
  })

  it('keeps the whole prompt while the option leaves it room', () => {
    expect(cut(30, 15, 0)).toEqual({
      first: Array<number>(25).fill(star),
      second: Array<number>(15).fill(the),
      problems: [{ code: 'prompt_cut', detail: { tokens: 30, kept: 25 } }],
    })
  })

  it('keeps the end of the prompt and the beginning of the option, half of the room each', () => {
    expect(cut(50, 60, 0)).toEqual({
      first: Array<number>(20).fill(star),
      second: Array<number>(20).fill(the),
      problems: [
        { code: 'prompt_cut', detail: { tokens: 50, kept: 20 } },
        { code: 'option_cut', option: 0, detail: { tokens: 60, kept: 20 } },
      ],
    })
  })

  it('lets an option use what a short prompt leaves', () => {
    expect(cut(5, 60, 0).second).toHaveLength(35)
  })
})
