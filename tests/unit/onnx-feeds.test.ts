// The inputs of a graph that came as a file, against what padding means, one number at a time.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planBatches } from '../../src/core/encode/batches'
import { feedPlainGraph, mostRows, rowCount } from '../../src/core/onnx-file/feeds'
import type { PairsInput, PlainGraph, PlainInput } from '../../src/core/types'
import { fixtureJson } from './checkpoint-source'

const PAD = 9
const graphOf = (rank: 2 | 3, type: 'int64' | 'int32' = 'int64', ...names: PlainInput[]): PlainGraph => ({
  inputs: names.map((name) => ({ name, type })),
  rank,
  output: 'logits',
  padId: PAD,
  data: [],
})
const numbersOf = (data: ArrayLike<number | bigint>): number[] => Array.from(data, Number)

const pair = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 12 }).chain((ids) =>
  fc.option(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: ids.length, maxLength: ids.length })).map((types) => ({
    ids: Int32Array.from(ids),
    types: types && Int32Array.from(types),
  })),
)
const question = fc.array(pair, { minLength: 1, maxLength: 5 }).map((pairs): PairsInput => ({ layout: 'pairs', pairs }))

describe('feeds of a plain graph', () => {
  it('hold every pair in its row, filled up, masked and typed', () => {
    const rank = fc.constantFrom<2 | 3>(2, 3)
    fc.assert(
      fc.property(fc.array(question, { minLength: 1, maxLength: 6 }), fc.integer({ min: 8, max: 100 }), rank, (inputs, budget, axes) => {
        const graph = graphOf(axes, 'int64', 'input_ids', 'attention_mask', 'token_type_ids', 'position_ids')
        for (const batch of planBatches(inputs, budget)) {
          const feeds = feedPlainGraph(graph, batch, inputs)
          const { shape } = feeds['input_ids']!
          const tokens = shape.at(-1)!
          const rows = batch.pieces.length * batch.choices.length
          expect(shape).toEqual(axes === 3 ? [batch.pieces.length, batch.choices.length, tokens] : [rows, tokens])
          const row = (name: string, r: number): number[] => numbersOf(feeds[name]!.data).slice(r * tokens, (r + 1) * tokens)
          batch.pieces.forEach((piece, p) => {
            piece.choices.forEach((choice, slot) => {
              const { ids, types } = inputs[piece.input]!.pairs[choice]!
              const r = p * batch.choices.length + slot
              const at = (token: number, value: (t: number) => number, fill: number): number => (token < ids.length ? value(token) : fill)
              const line = Array.from({ length: tokens }, (_, t) => t)
              expect([row('input_ids', r), row('attention_mask', r), row('token_type_ids', r), row('position_ids', r)]).toEqual([
                line.map((t) => at(t, (i) => ids[i]!, PAD)),
                line.map((t) => at(t, () => 1, 0)),
                line.map((t) => at(t, (i) => types?.[i] ?? 0, 0)),
                line,
              ])
            })
          })
          // No row is masked from end to end, which would make NaN of its neighbours' softmax on some devices.
          const mask = numbersOf(feeds['attention_mask']!.data)
          expect(Array.from({ length: rows }, (_, r) => mask[r * tokens])).toEqual(Array<number>(rows).fill(1))
        }
      }),
    )
  })

  it('fill up the axes that have one size, with the rows that are asked for first', () => {
    const size = fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined })
    const fixedAxes = fc.record({ batch: size, choices: size, sequence: fc.option(fc.integer({ min: 12, max: 20 }), { nil: undefined }) })
    const questions = fc.array(question, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(questions, fc.integer({ min: 8, max: 200 }), fc.constantFrom<2 | 3>(2, 3), fixedAxes, (inputs, budget, rank, axes) => {
        const fixed = Object.fromEntries(Object.entries(axes).filter(([axis, n]) => n !== undefined && (rank === 3 || axis !== 'choices')))
        const graph: PlainGraph = { ...graphOf(rank, 'int64', 'input_ids', 'attention_mask'), fixed }
        const free: PlainGraph = graphOf(rank, 'int64', 'input_ids', 'attention_mask')
        for (const batch of planBatches(inputs, budget, mostRows(graph, budget))) {
          const [own, wanted] = [feedPlainGraph(graph, batch, inputs), feedPlainGraph(free, batch, inputs)]
          const { shape } = own['input_ids']!
          const names = rank === 3 ? (['batch', 'choices', 'sequence'] as const) : (['batch', 'sequence'] as const)
          names.forEach((axis, at) => {
            if (fixed[axis] !== undefined) expect(shape[at]).toBe(fixed[axis])
          })
          const group = (fixed['batch'] ?? 1) * (fixed['choices'] ?? 1)
          if (fixed['sequence'] !== undefined) expect(rowCount(shape)).toBeLessThanOrEqual(Math.max(group, budget / shape.at(-1)!))
          const rowsOf = (feeds: typeof own, name: string, fill: number): number[][] => {
            const tokens = feeds[name]!.shape.at(-1)!
            const numbers = numbersOf(feeds[name]!.data)
            return Array.from({ length: numbers.length / tokens }, (_, r) =>
              Array.from({ length: shape.at(-1)! }, (_, t) => (t < tokens ? numbers[r * tokens + t]! : fill)),
            )
          }
          for (const [name, fill] of [
            ['input_ids', PAD],
            ['attention_mask', 0],
          ] as const) {
            const [rows, asked] = [rowsOf(own, name, fill), rowsOf(wanted, name, fill)]
            expect(rows.length).toBe(rowCount(shape))
            expect(rows).toEqual([...asked, ...Array<number[]>(rows.length - asked.length).fill(asked.at(-1)!)])
          }
        }
      }),
    )
  })

  it('are of the type that the graph asks for', () => {
    const inputs: PairsInput[] = [{ layout: 'pairs', pairs: [{ ids: Int32Array.of(1, 2), types: null }] }]
    const [batch] = planBatches(inputs, 100)
    const types = (['int64', 'int32'] as const).map(
      (type) => feedPlainGraph(graphOf(2, type, 'input_ids'), batch!, inputs)['input_ids']!.data,
    )
    expect(types).toEqual([BigInt64Array.of(1n, 2n), Int32Array.of(1, 2)])
  })

  it('put global attention where transformers does', () => {
    const { items } = fixtureJson('longformer-bpe/golden.json') as unknown as { items: GoldenItem[] }
    const inputs = items.map((item): PairsInput => ({
      layout: 'pairs',
      pairs: item.input_ids.map((ids, c) => ({ ids: Int32Array.from(ids.slice(0, item.attention_lengths[c])), types: null })),
    }))
    const graph = graphOf(2, 'int64', 'global_attention_mask')
    const own = inputs.map((input) =>
      input.pairs.map((single) => {
        const alone: PairsInput = { layout: 'pairs', pairs: [single] }
        return numbersOf(feedPlainGraph(graph, planBatches([alone], 1000)[0]!, [alone])['global_attention_mask']!.data)
      }),
    )
    expect(own).toEqual(items.map((item) => item.global_attention_mask.map((mask, c) => mask.slice(0, item.attention_lengths[c]))))
  })
})

interface GoldenItem {
  input_ids: number[][]
  attention_lengths: number[]
  global_attention_mask: number[][]
}
