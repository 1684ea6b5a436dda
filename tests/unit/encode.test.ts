import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEncoder } from '../../src/core/encode'
import { encodeSharedPrefix } from '../../src/core/encode/shared-prefix'
import { createTokenizer } from '../../src/core/encode/tokenizer'
import type { Manifest } from '../../src/core/types'

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
interface GoldenItem {
  prompt: string
  context: string | null
  options: string[]
  prefixIds: number[]
  contextTokens: number
  choiceIds: number[][]
}
const golden = read('../fixtures/default/golden.json') as { maxPrefix: number; maxChoice: number; items: GoldenItem[] }
const tokenizerJson = read('../../models/default/tokenizer.json')
const manifest = read('../../models/default/model.json') as Manifest
const frequencies = read('../../models/default/stems.json')
const tokenizer = createTokenizer(tokenizerJson)
const maxTokens = { prefix: golden.maxPrefix, choice: golden.maxChoice }
const words = (count: number): string => Array.from({ length: count }, () => 'cell').join(' ')

describe('layout shared-prefix', () => {
  it.each(golden.items.map((item, index) => [index, item] as const))('gives the ids of the reference (golden item %i)', (_, item) => {
    const { input } = encodeSharedPrefix(tokenizer, item, maxTokens)
    expect({
      prefixIds: Array.from(input.prefixIds),
      contextTokens: input.contextTokens,
      choiceIds: input.choiceIds.map((ids) => Array.from(ids)),
    }).toEqual({ prefixIds: item.prefixIds, contextTokens: item.contextTokens, choiceIds: item.choiceIds })
  })

  it('says what was cut, and of which option', () => {
    const question = { prompt: words(200), options: ['a', words(95)], context: words(10) }
    expect(encodeSharedPrefix(tokenizer, question, maxTokens).problems).toEqual([
      { code: 'prompt_cut', detail: { tokens: 200, kept: 174 } },
      { code: 'context_cut', detail: { tokens: 10, kept: 0 } },
      { code: 'option_cut', option: 1, detail: { tokens: 95, kept: 94 } },
    ])
  })

  it('cuts the context to the room that the prompt leaves', () => {
    const { input, problems } = encodeSharedPrefix(tokenizer, { prompt: words(100), options: [], context: words(90) }, maxTokens)
    expect([input.prefixIds.length, input.contextTokens, problems]).toEqual([
      176,
      70,
      [{ code: 'context_cut', detail: { tokens: 90, kept: 70 } }],
    ])
  })

  it('leaves an empty context and its separator out', () => {
    const question = { prompt: 'why', options: ['a', 'b'] }
    const closed = encodeSharedPrefix(tokenizer, { ...question, context: null }, maxTokens)
    expect(encodeSharedPrefix(tokenizer, { ...question, context: ' ' }, maxTokens)).toEqual(closed)
  })

  it('never exceeds the budget', () => {
    const text = fc.integer({ min: 0, max: 300 }).map(words)
    fc.assert(
      fc.property(text, text, fc.option(text), (prompt, option, context) => {
        const { input } = encodeSharedPrefix(tokenizer, { prompt, options: [option], context }, maxTokens)
        expect(input.prefixIds.length <= maxTokens.prefix && input.choiceIds[0]!.length <= maxTokens.choice).toBe(true)
      }),
    )
  })
})

describe('encoder', () => {
  const encoder = createEncoder({ tokenizerJson, manifest, frequencies })

  it('fits the context by sentence before it cuts by token', () => {
    const filler = 'Nothing of interest is said here at all. '.repeat(40)
    const question = { prompt: 'What does the mitochondrion do?', options: ['respiration', 'digestion'] }
    const { input, problems } = encoder.encode({ ...question, context: `${filler}The mitochondrion does respiration.` }, 5)
    const alone = encoder.encode({ ...question, context: 'The mitochondrion does respiration.' }, 5)
    expect({ input, problems }).toEqual(alone)
  })

  it('refuses a tokenizer with more tokens than the model', () => {
    const small = { ...manifest, config: { ...manifest.config, vocab_size: 1000 } }
    expect(() => createEncoder({ tokenizerJson, manifest: small, frequencies })).toThrow('it has 30522 tokens, the model 1000')
  })

  it('refuses a template that it cannot read', () => {
    expect(() => createEncoder({ tokenizerJson, manifest: { ...manifest, template: '{prompt}' }, frequencies })).toThrow(
      'template is {prompt}',
    )
  })
})
