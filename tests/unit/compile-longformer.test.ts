// Longformer's windows: the graph of attention against its definition, on onnxruntime and on random sizes; who sees whom, pair by pair; and the
// logits of PyTorch for windows that differ by layer.
import fc from 'fast-check'
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { openOrtNode } from '../../src/adapters/ort/node'
import { openSession } from '../../src/adapters/ort/session'
import type { Feeds } from '../../src/core/compile'
import { toTokens } from '../../src/core/compile/encoder-layer'
import { Graph } from '../../src/core/compile/graph'
import { blockInputs, globalInputs, selfAttention } from '../../src/core/compile/longformer'
import { blockStep, longformerFeeds, type Sight } from '../../src/core/compile/longformer-feeds'
import { readSafetensors } from '../../src/core/compile/safetensors'
import { BLOCKED } from '../../src/core/compile/weights'
import type { PairsInput } from '../../src/core/types'
import { bytesReader, checkpointManifest, readPairsGolden } from '../contract/engine-checkpoints'
import { fixtureBytes, fixtureJson } from './checkpoint-source'
import { safetensorsFile, type Part } from './compile-file'

const SEPARATOR = 2
/** A sequence by its sizes: tokens of the first text with its <s>, tokens of the option. */
interface Sizes {
  first: number
  option: number
}
const sequenceOf = ({ first, option }: Sizes): Int32Array =>
  Int32Array.of(0, ...new Array<number>(first - 1).fill(9), SEPARATOR, SEPARATOR, ...new Array<number>(option).fill(9), SEPARATOR)
const lengthOf = ({ first, option }: Sizes): number => first + option + 3
const optionAt = ({ first }: Sizes): number => first + 2
/** The definition: what a token that is no padding sees. */
function sees(sizes: Sizes, radius: number, query: number, key: number): boolean {
  const isGlobal = (t: number): boolean => t >= optionAt(sizes)
  return key < lengthOf(sizes) && (isGlobal(query) || isGlobal(key) || Math.abs(query - key) <= radius)
}

const sizes = fc.record({ first: fc.integer({ min: 1, max: 110 }), option: fc.nat(12) })
const radius = fc.integer({ min: 1, max: 40 })
const batch = fc.array(sizes, { minLength: 1, maxLength: 3 })
function padded(list: readonly Sizes[], sight: Sight): { tokens: number; feeds: Feeds } {
  const longest = Math.max(...list.map(lengthOf))
  const step = blockStep(longest, sight)
  const tokens = Math.ceil(longest / step) * step
  return { tokens, feeds: longformerFeeds(tokens, list.map(sequenceOf), sight) }
}

describe('the feeds of longformer', () => {
  it('show every query the keys of the definition, each once', () => {
    fc.assert(
      fc.property(batch, fc.uniqueArray(radius, { minLength: 1, maxLength: 2 }), radius, (list, radii, lastRadius) => {
        const { tokens, feeds } = padded(list, { radii, lastRadius, separator: SEPARATOR })
        const globals = Array.from(feeds['global_rows']!.data, Number)
        const most = globals.length / list.length
        for (const [name, r, queries] of [...radii.map((r) => [String(r), r, tokens] as const), ['last', lastRadius, 1] as const]) {
          const seen = keysByQuery(feeds, name)
          list.forEach((own, n) => {
            for (let t = 0; t < Math.min(optionAt(own), queries); t++) {
              const keys = Array.from({ length: tokens }, (_, key) => key).filter((key) => sees(own, r, t, key))
              expect(seen[n * queries + t]!.sort((a, b) => a - b)).toEqual(keys.map((key) => n * tokens + key))
            }
          })
        }
        list.forEach((own, n) => {
          for (let t = 0; t < lengthOf(own); t++) {
            const source = Number(feeds['source_rows']!.data[n * tokens + t])
            if (t < optionAt(own)) expect(source).toBe(n * tokens + t)
            else
              expect([Math.floor((source - list.length * tokens) / most), globals[source - list.length * tokens]]).toEqual([
                n,
                n * tokens + t,
              ])
          }
        })
      }),
      { numRuns: 60 },
    )
  })

  it('ask for scores that grow with the length, not with its square', () => {
    const sight = { radii: [256], lastRadius: 256, separator: SEPARATOR }
    for (const first of [500, 1000, 2000, 4000]) {
      const { tokens, feeds } = padded([{ first, option: 20 }], sight)
      expect(tokens - lengthOf({ first, option: 20 })).toBeLessThan(4 * Math.ceil(tokens / 256))
      expect(feeds['bias_256']!.data.length / tokens).toBeLessThanOrEqual(3 * 256 + 24)
      expect(feeds['bias_last']!.data.length).toBeLessThanOrEqual(260 + 24)
    }
  })

  it('refuse layout shared-prefix', () => {
    expect(() => longformerFeeds(8, [], { radii: [4], lastRadius: 4, separator: SEPARATOR })).toThrow('layout is shared-prefix')
  })

  it('refuse a sequence in which the separator of the config does not end the first text', () => {
    const sight = { radii: [4], lastRadius: 4, separator: SEPARATOR }
    for (const ids of [Int32Array.of(0, 9, 9, 3, 3, 9, 3), Int32Array.of(0, 9, 9, SEPARATOR)])
      expect(() => longformerFeeds(8, [ids], sight)).toThrow('sep_token_id in config.json is 2')
  })
})

/** Of every query of every block, in order: the rows that it sees. */
function keysByQuery(feeds: Feeds, name: string): number[][] {
  const { data: keys } = feeds[`keys_${name}`]!
  const { data: bias, shape } = feeds[`bias_${name}`]!
  const [blocks, , size, each] = shape as [number, number, number, number]
  return Array.from({ length: blocks * size }, (_, query) => {
    const block = Math.floor(query / size)
    const row = Array.from(bias.subarray(query * each, (query + 1) * each), Number)
    expect(row.every((value) => value === 0 || value === BLOCKED)).toBe(true)
    return row.flatMap((value, k) => (value === 0 ? [Number(keys[block * each + k])] : []))
  })
}

const HIDDEN = 8
const HEADS = 2
const WIDTH = HIDDEN / HEADS
/** Weights and biases are within ± this, hidden states within ± 1. */
const LARGEST = 0.25
const PARTS = ['query', 'key', 'value', 'query_global', 'key_global', 'value_global'] as const
type ProjectionName = (typeof PARTS)[number]

describe('the attention of longformer', () => {
  it('equals its definition, whether all heads are computed at once or one by one', async () => {
    const numbers = fc.infiniteStream(fc.float({ min: -1, max: 1, noNaN: true }))
    await fc.assert(
      fc.asyncProperty(batch, radius, fc.constantFrom(1, HEADS), numbers, async (list, r, groups, stream) => {
        const draw = (count: number, scale: number): Float32Array =>
          Float32Array.from({ length: count }, () => (stream.next().value as number) * scale)
        const weights = Object.fromEntries(
          PARTS.map((part) => [part, { matrix: draw(HIDDEN * HIDDEN, LARGEST), bias: draw(HIDDEN, LARGEST) }]),
        ) as Record<ProjectionName, Projection>
        const { tokens, feeds } = padded(list, { radii: [r], lastRadius: r, separator: SEPARATOR })
        const states = draw(list.length * tokens * HIDDEN, 1)
        const attended = await run(weights, r, groups, states, list, tokens, feeds)
        const errors = list.flatMap((own, n) => {
          const from = n * tokens * HIDDEN
          const expected = definition(weights, r, states.subarray(from, from + lengthOf(own) * HIDDEN), own)
          return expected.map((value, i) => Math.abs(value - attended[from + i]!))
        })
        expect(Math.max(...errors)).toBeLessThan(tolerance(tokens))
      }),
      { numRuns: 40 },
    )
  })
})

interface Projection {
  matrix: Float32Array
  bias: Float32Array
}

/** [tokens, H] of one sequence -> [tokens, H], in doubles, query by query. */
function definition(weights: Record<ProjectionName, Projection>, r: number, states: Float32Array, own: Sizes): number[] {
  const length = lengthOf(own)
  const project = (part: ProjectionName): number[][] =>
    Array.from({ length }, (_, t) =>
      Array.from({ length: HIDDEN }, (_, o) => {
        const { matrix, bias } = weights[part]
        return states.subarray(t * HIDDEN, (t + 1) * HIDDEN).reduce((sum, x, i) => sum + x * matrix[o * HIDDEN + i]!, bias[o]!)
      }),
    )
  const local = { q: project('query'), k: project('key'), v: project('value') }
  const global = { q: project('query_global'), k: project('key_global'), v: project('value_global') }
  return Array.from({ length }, (_, t) => {
    const { q, k, v } = t >= optionAt(own) ? global : local
    const keys = Array.from({ length }, (_, key) => key).filter((key) => sees(own, r, t, key))
    return Array.from({ length: HIDDEN }, (_, o) => {
      const head = Array.from({ length: WIDTH }, (_, i) => Math.floor(o / WIDTH) * WIDTH + i)
      const strengths = keys.map((key) => Math.exp(head.reduce((sum, i) => sum + q[t]![i]! * k[key]![i]!, 0) / Math.sqrt(WIDTH)))
      const total = strengths.reduce((a, b) => a + b, 0)
      return keys.reduce((sum, key, i) => sum + (strengths[i]! / total) * v[key]![o]!, 0)
    })
  }).flat()
}

async function run(
  weights: Record<ProjectionName, Projection>,
  r: number,
  groups: number,
  states: Float32Array,
  list: readonly Sizes[],
  tokens: number,
  feeds: Feeds,
): Promise<Float32Array> {
  const bytesOf = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer)
  const file = safetensorsFile(
    PARTS.flatMap((part): Part[] => [
      { name: `self.${part}.weight`, type: 'F32', shape: [HIDDEN, HIDDEN], bytes: bytesOf(weights[part].matrix) },
      { name: `self.${part}.bias`, type: 'F32', shape: [HIDDEN], bytes: bytesOf(weights[part].bias) },
    ]),
  )
  const graph = new Graph(readSafetensors('w', file, file.length))
  const x = toTokens(graph, HIDDEN, graph.input('x', 'float32', ['N', 'T', HIDDEN]))
  const global = globalInputs(graph, graph.input('mask', 'float32', ['N', 1, 1, 'T']))
  const attended = selfAttention(graph, { hidden: HIDDEN, heads: HEADS }, groups, 'self', x, blockInputs(graph, String(r)), global)
  graph.output('attended', attended, ['NT', HIDDEN])
  const session = await openSession(
    ort,
    { onnx: graph.encode(), external: [{ path: 'w', data: file }], output: 'attended' },
    { logSeverityLevel: 3, intraOpNumThreads: 1 },
  )
  const mask = new Float32Array(list.length * tokens).fill(BLOCKED)
  list.forEach((own, n) => mask.fill(0, n * tokens, n * tokens + lengthOf(own)))
  const { keys_last: _keys, bias_last: _bias, ...used } = feeds
  const result = await session.run({
    ...used,
    x: { data: states, shape: [list.length, tokens, HIDDEN] },
    mask: { data: mask, shape: [list.length, 1, 1, tokens] },
  })
  await session.release()
  return result
}

/**
 * How far float32 can be from the definition. A sum of n products is off by γ(n) = n·u / (1 − n·u) of the sum of their sizes, in whatever order
 * (Higham 2002, § 3.1). A projection is at most M = LARGEST · (H + 1) and off by γ(H + 2) of that; a score at most S = √d · M² and off by the two
 * projections' errors and γ(d + 4) of its own; an exponential by twice that, relatively, by the rounding of the score less the largest one
 * (at most 2S), and by 8 u of its own; their sum, the division and the mixing of at most `tokens` values by γ(2 · tokens + 4).
 */
function tolerance(tokens: number): number {
  const gamma = (n: number): number => (n * 2 ** -24) / (1 - n * 2 ** -24)
  const M = LARGEST * (HIDDEN + 1)
  const S = Math.sqrt(WIDTH) * M * M
  const projected = gamma(HIDDEN + 2)
  const score = S * (2 * projected + projected ** 2 + gamma(WIDTH + 4) * (1 + projected) ** 2)
  const weight = Math.expm1(2 * (score + 2 * S * gamma(2) + gamma(8))) + gamma(2 * tokens + 4)
  return M * (projected + weight * (1 + projected))
}

describe('the graph of longformer', () => {
  const { cases } = fixtureJson('longformer-bpe/golden-windows.json') as unknown as {
    cases: { changes: Record<string, unknown>; logits: number[] }[]
  }
  const golden = fixtureJson('longformer-bpe/golden.json')
  const file = fixtureBytes('longformer-bpe/model.safetensors')
  const pairs = readPairsGolden(golden).flatMap(({ input }) => input.pairs)

  it.each(cases)('gives the logits of PyTorch within 1e-4 with $changes', async ({ changes, logits }) => {
    const signal = new AbortController().signal
    const manifest = checkpointManifest({ ...fixtureJson('longformer-bpe/config.json'), ...changes }, golden)
    const weights = bytesReader('model.safetensors', file)
    const scorer = await openOrtNode(signal, { manifest, weights, precision: 'fp32', device: 'cpu', threads: 1 })
    const errors: number[] = []
    const inputs = pairs.map((pair): PairsInput => ({ layout: 'pairs', pairs: [pair] }))
    await scorer.score(signal, inputs, (index, [logit]) => (errors[index] = Math.abs(logit! - logits[index]!)))
    await scorer.close()
    expect(errors).toHaveLength(logits.length)
    expect(Math.max(...errors)).toBeLessThan(1e-4)
  })
})
