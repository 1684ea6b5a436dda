// Layout pairs on the engine against its definition: options that no fixture has, and what the engine leaves to onnxruntime.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readArchitecture } from '../../src/adapters/engine/architectures'
import { reserveMemory } from '../../src/adapters/engine/memory'
import { farColumns } from '../../src/adapters/engine/relative'
import { engineReads } from '../../src/adapters/engine/sizes'
import type { Manifest, PairsInput } from '../../src/core/types'
import { checkpointManifest } from '../contract/engine-checkpoints'
import { fixtureJson } from './checkpoint-source'
import { answerInOnePass, largestDifference } from './engine-answer'
import { indices, randomOf } from './engine-bench'
import { writeTinyModel } from './engine-tiny-model'
import { pairLogit, pairsModel, type Config } from './engine-tiny-pairs'

const manifestOf = (config: Config): Manifest => checkpointManifest(config, { truncation: { max_length: 64 } })

const SIZES = fc.record({
  size: fc.constantFrom([32, 4], [32, 1], [64, 2]),
  num_hidden_layers: fc.integer({ min: 1, max: 2 }),
  intermediate_size: fc.constantFrom(32, 64),
  max_position_embeddings: fc.constantFrom(46, 70),
  layer_norm_eps: fc.constantFrom(1e-12, 1e-5),
})
const KINDS = fc.oneof(
  fc.record({
    model_type: fc.constant('deberta-v2'),
    relative_attention: fc.constant(true),
    norm_rel_ebd: fc.constant('layer_norm'),
    pos_att_type: fc.constantFrom('c2p|p2c', 'c2p', 'p2c'),
    share_att_key: fc.boolean(),
    position_biased_input: fc.boolean(),
    position_buckets: fc.constantFrom(4, 16, 64),
    type_vocab_size: fc.constantFrom(0, 3),
    conv_kernel_size: fc.constantFrom(0, 3, 5),
    conv_act: fc.constantFrom('tanh', 'gelu'),
  }),
  fc.record({ model_type: fc.constant('bert'), type_vocab_size: fc.constantFrom(1, 2, 3) }),
  fc.record({ model_type: fc.constant('mpnet') }),
)
const pair = (random: () => number, types: number): PairsInput['pairs'][number] => {
  const ids = Int32Array.from({ length: 2 + Math.floor(random() * 24) }, () => Math.floor(random() * 50))
  return { ids, types: types > 0 ? ids.map(() => Math.floor(random() * types)) : null }
}

describe('the engine on pairs', () => {
  it('computes what the model is defined as, whatever its architecture, sizes and options, several questions in a pass', async () => {
    const property = fc.asyncProperty(SIZES, KINDS, fc.integer(), async ({ size: [hidden, heads], ...sizes }, kind, seed) => {
      const config: Config = { ...kind, ...sizes, vocab_size: 50, hidden_size: hidden, num_attention_heads: heads, hidden_act: 'gelu' }
      const random = randomOf(seed)
      const terms = 'pos_att_type' in kind ? kind.pos_att_type.split('|') : []
      // the file may hold a projection that the config does not use
      const model = pairsModel('pos_att_type' in kind ? { ...config, pos_att_type: 'c2p|p2c' } : config, random)
      const types = 'type_vocab_size' in kind ? kind.type_vocab_size : 0
      const inputs = [1, 3, 2].map((pairs): PairsInput => ({ layout: 'pairs', pairs: indices(pairs).map(() => pair(random, types)) }))
      const expected = inputs.map(({ pairs }) => pairs.map((one) => pairLogit(config, terms, model, one)))
      const file = writeTinyModel(model, 'fp32')
      expect(largestDifference(await answerInOnePass(manifestOf(config), file, inputs), expected)).toBeLessThan(1e-3)
    })
    await fc.assert(property, { numRuns: 24 })
  }, 30_000)
  it('gives the offsets of MPNet the columns of the buckets that transformers counts', () => {
    const { relativeBuckets } = fixtureJson('mpnet-wordpiece/golden.json') as { relativeBuckets: { from: number; buckets: number[] } }
    const { from, buckets } = relativeBuckets // of key − query, from … -from
    const columns = farColumns(readArchitecture(manifestOf(fixtureJson('mpnet-wordpiece/config.json'))).relative, -from)
    expect([...columns]).toEqual(buckets.map((bucket) => 31 - bucket))
  })
  it('has a column for every offset of two tokens, also where none share a bucket', () => {
    const config = { ...fixtureJson('deberta-v3-unigram/config.json'), position_buckets: -1, max_relative_positions: 3 }
    // columns fall: offset 3 takes the last row of the table, which is the first column
    expect([...farColumns(readArchitecture(manifestOf(config)).relative, 5)]).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 5, 5, 5])
  })
})

describe('engineReads', () => {
  const reads = (folder: string, change: Config = {}): boolean =>
    engineReads({ manifest: manifestOf({ ...fixtureJson(`${folder}/config.json`), ...change }), precision: 'fp32', arithmetic: 'float' })

  it.each<[string, Config]>([
    ['longformer-bpe', {}],
    ['bert-wordpiece', { hidden_act: 'relu' }],
    ['bert-wordpiece', { position_embedding_type: 'relative_key' }],
    ['bert-wordpiece', { hidden_size: 48 }],
    ['deberta-v2-conv', { conv_groups: 2 }],
    ['deberta-v2-conv', { conv_act: 'relu' }],
    ['deberta-v3-unigram', { pooler_hidden_act: 'relu' }],
    ['deberta-v3-unigram', { relative_attention: false }],
    ['deberta-v3-unigram', { pos_att_type: 'c2p|p2p' }],
    ['mpnet-wordpiece', { hidden_act: 'gelu_new' }],
  ])('leaves to onnxruntime what it does not compute: %s with %j', (folder, change) => {
    expect(reads(folder, change)).toBe(false)
  })
  it('says how much memory was asked for where there is not so much', () => {
    expect(() => reserveMemory(2 ** 33, false)).toThrow('This model takes 8.0 GB of memory')
  })
  it('leaves weights to onnxruntime for which WebAssembly has no room', () => {
    const large = {
      hidden_size: 1536,
      num_attention_heads: 24,
      num_hidden_layers: 48,
      intermediate_size: 6144,
      pooler_hidden_size: 1536,
      vocab_size: 128_100,
    }
    expect(reads('deberta-v3-unigram', large)).toBe(false)
    expect(reads('deberta-v3-unigram', { ...large, num_hidden_layers: 12 })).toBe(true)
  })
})
