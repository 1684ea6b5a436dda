// What the checkpoint suites (tests/contract, tests/browser), which run the fixture on every device, do not reach of MPNet.
import { describe, expect, it } from 'vitest'
import { Graph } from '../../src/core/compile/graph'
import { MOST_BUFFER_BYTES } from '../../src/core/compile/head-groups'
import { openMpnet, relativeBucket } from '../../src/core/compile/mpnet'
import { readSafetensors } from '../../src/core/compile/safetensors'
import { fixtureBytes, fixtureJson } from './checkpoint-source'

const config = fixtureJson('mpnet-wordpiece/config.json')
const file = fixtureBytes('mpnet-wordpiece/model.safetensors')

describe('the graph of mpnet', () => {
  it.each([
    ['hidden_act', 'quick_gelu'],
    ['relative_attention_num_buckets', 16],
  ])('refuses a %s that it does not know', (field, value) => {
    const stored = readSafetensors('w', file, file.length)
    expect(() => openMpnet({ ...config, [field]: value }, new Graph(stored), { tokens: 64, bufferBytes: MOST_BUFFER_BYTES })).toThrow(field)
  })
})

describe('the relative bias of mpnet', () => {
  it('takes the bucket that PyTorch takes, near and far', () => {
    const { from, buckets } = fixtureJson('mpnet-wordpiece/golden.json')['relativeBuckets'] as { from: number; buckets: number[] }
    expect(buckets.map((_, i) => relativeBucket(from + i))).toEqual(buckets)
  })
})
