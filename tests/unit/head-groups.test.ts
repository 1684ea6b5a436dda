// In how many parts the heads of published models are computed at the lengths that they can read, and that what Longformer is fed is never more than
// was counted with.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFields } from '../../src/core/checkpoint/config-fields'
import { groupsOf as debertaGroups } from '../../src/core/compile/deberta-v2'
import { readDebertaConfig } from '../../src/core/compile/deberta-config'
import { batchRows, fullAttentionGroups, headGroups, MOST_BUFFER_BYTES } from '../../src/core/compile/head-groups'
import { groupsOf as longformerGroups } from '../../src/core/compile/longformer'
import { blockStep, longformerFeeds, type Sight } from '../../src/core/compile/longformer-feeds'
import { MOST_GLOBAL_TOKENS } from '../../src/core/encode/pairs'
import { fixtureJson } from './checkpoint-source'

const MIB = 1 << 20
const limits = (tokens: number) => ({ tokens, bufferBytes: MOST_BUFFER_BYTES })

describe('the parts in which heads are computed', () => {
  it('is the smallest number of equal ones that fit', () => {
    const counts = fc.record({ heads: fc.integer({ min: 1, max: 32 }), cells: fc.integer({ min: 1, max: 64 * MIB }) })
    fc.assert(
      fc.property(counts, ({ heads, cells }) => {
        const fits = (groups: number): boolean => heads % groups === 0 && (heads / groups) * cells * 4 <= MOST_BUFFER_BYTES
        const all = Array.from({ length: heads }, (_, i) => i + 1)
        expect(headGroups(heads, cells, limits(1))).toBe(all.find(fits) ?? heads)
      }),
    )
  })

  const small = fixtureJson('deberta-v3-unigram/config.json')
  const deberta = (heads: number) =>
    readDebertaConfig(
      createFields({
        ...small,
        hidden_size: 64 * heads,
        embedding_size: 64 * heads,
        pooler_hidden_size: 64 * heads,
        attention_head_size: 64,
        num_attention_heads: heads,
        position_buckets: 256,
        max_position_embeddings: 512,
        max_relative_positions: -1,
      }),
    )
  it.each([
    ['deberta-v3-base', 12, 512, 1, 96],
    ['deberta-v3-base', 12, 2048, 2, 96],
    ['deberta-v3-large', 16, 512, 1, 128],
    ['deberta-v3-large', 16, 1024, 1, 128],
    ['deberta-v3-large', 16, 2048, 2, 128],
    ['deberta-v3-large', 16, 4096, 8, 128],
    ['deberta-v2-xxlarge', 24, 4096, 12, 128],
  ])('fits %s with %i heads and %i tokens', (_, heads, tokens, groups, mebibytes) => {
    expect(debertaGroups(deberta(heads), limits(tokens))).toBe(groups)
    expect(((heads / groups) * batchRows(limits(tokens)) * tokens * 4) / MIB).toBeLessThanOrEqual(mebibytes)
  })
  it('is one for a BERT or an MPNet of 512 tokens', () => {
    expect([12, 16].map((heads) => fullAttentionGroups(heads, limits(512)))).toEqual([1, 1])
  })

  const sight = (radius: number): Sight => ({ radii: [radius], lastRadius: radius, separator: 2 })
  it.each([
    ['longformer-base-4096', 12, 256, 512, 1],
    ['longformer-base-4096', 12, 256, 4096, 3],
    ['longformer-large-4096', 16, 256, 4096, 4],
    ['one of narrow windows', 12, 16, 4096, 12],
  ])('fits %s with %i heads, windows of 2 × %i and %i tokens', (_, heads, radius, tokens, groups) => {
    expect(longformerGroups({ hidden: 64 * heads, heads }, sight(radius), limits(tokens))).toBe(groups)
  })

  it('leaves room for whatever questions of Longformer are fed', () => {
    const shape = fc.record({
      radius: fc.constantFrom(8, 16, 64, 128, 256),
      tokens: fc.integer({ min: 40, max: 4096 }),
      option: fc.integer({ min: 1, max: MOST_GLOBAL_TOKENS }),
      share: fc.double({ min: 0.3, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(shape, ({ radius, tokens, option, share }) => {
        const sizes = { hidden: 768, heads: 12 }
        const groups = longformerGroups(sizes, sight(radius), limits(tokens))
        const length = Math.max(8, Math.floor(tokens * share))
        const second = Math.min(option, length - 5)
        // <s> first </s></s> option </s>
        const ids = Int32Array.from({ length }, (_, t) =>
          t === length - second - 3 || t === length - second - 2 || t === length - 1 ? 2 : 5,
        )
        const count = Math.max(1, Math.floor(batchRows(limits(tokens)) / length))
        const step = blockStep(length, sight(radius))
        const padded = Math.ceil(length / step) * step
        const feeds = longformerFeeds(
          padded,
          Array.from({ length: count }, () => ids),
          sight(radius),
        )
        const [blocks, , queries, keys] = feeds[`bias_${radius}`]!.shape as [number, number, number, number]
        const globals = feeds['global_rows']!.shape as [number, number]
        const heads = sizes.heads / groups
        const buffers = {
          scores: heads * blocks * queries * keys,
          keys: blocks * keys * (sizes.hidden / groups),
          global: heads * globals[0] * globals[1] * padded,
        }
        for (const [name, cells] of Object.entries(buffers)) expect([name, cells * 4 <= MOST_BUFFER_BYTES]).toEqual([name, true])
      }),
      { numRuns: 60 },
    )
  })
})
