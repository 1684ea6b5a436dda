// Cuts of random graphs, computed with hashes in place of tensors: what matters is which value is where. tests/contract/ort-segments.test.ts runs
// real graphs.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Graph } from '../../src/core/compile/graph'
import type { Node, Value } from '../../src/core/compile/onnx-messages'
import type { StoredTensor } from '../../src/core/compile/safetensors'
import { cutGraph, packWeights } from '../../src/core/compile/segments'

const INPUTS = 3
interface Recipe {
  /** Sizes of the stored weights. */
  sizes: number[]
  /** Of each node, where its inputs come from. */
  nodes: number[][]
  outputs: number[]
}
const recipes: fc.Arbitrary<Recipe> = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 }),
  nodes: fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 25 }),
  outputs: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
})

function build({ sizes, nodes, outputs }: Recipe): Graph {
  const tensors = new Map<string, StoredTensor>()
  let offset = 8
  sizes.forEach((bytes, i) => {
    tensors.set(`w${i}`, { type: 'I8', shape: [bytes], offset, bytes })
    offset += bytes
  })
  const graph = new Graph({ file: 'w', tensors })
  // An input that is left out, a constant, weights, inputs of the graph, and what nodes give.
  const values = [
    () => '',
    () => graph.ints(1),
    ...[...tensors].map(
      ([name, tensor]) =>
        () =>
          graph.stored(name, tensor),
    ),
  ]
  for (let i = 0; i < INPUTS; i++) values.push(() => graph.input(`x${i}`, 'float32', [1]))
  for (const inputs of nodes) {
    const given = graph.op(
      'Sum',
      inputs.map((i) => values[i % values.length]!()),
    )
    values.push(() => given)
  }
  const results = values.slice(-nodes.length)
  outputs.forEach((i, n) => {
    graph.output(`y${n}`, results[i % results.length]!(), [1])
  })
  return graph
}

/** Computes nodes; throws where a value is not there. */
function compute(nodes: readonly Node[], constants: ReadonlySet<Value>, values: Map<Value, number>): void {
  for (const { inputs, outputs } of nodes) {
    const numbers = inputs.map((value) => {
      const number = value === '' || constants.has(value) ? hash([...value].map((c) => c.charCodeAt(0))) : values.get(value)
      if (number === undefined) throw new Error(`${value} is not there`)
      return number
    })
    for (const output of outputs) values.set(output, hash(numbers))
  }
}
const hash = (numbers: readonly number[]): number => numbers.reduce((sum, n) => (Math.imul(sum, 31) + n) | 0, 7)
const inputsOf = (): [Value, number][] => Array.from({ length: INPUTS }, (_, i) => [`x${i}`, i + 1])

describe('cutGraph', () => {
  it('gives segments that compute, one after another, what the graph computes, and never need a value that was dropped', () => {
    fc.assert(
      fc.property(recipes, fc.integer({ min: 1, max: 300 }), (recipe, budget) => {
        const graph = build(recipe)
        const whole = new Map(inputsOf())
        compute(graph.nodes, new Set(graph.initializers.keys()), whole)
        const carried = new Map(inputsOf())
        for (const { nodes, initializers, reads, gives, drops } of cutGraph(graph, budget)) {
          const local = new Map(reads.map((value) => [value, carried.get(value)!]))
          compute(nodes, new Set(initializers.map(({ name }) => name)), local)
          for (const value of drops) carried.delete(value)
          for (const value of gives) carried.set(value, local.get(value)!)
        }
        const unread = inputsOf().filter(([name]) => !graph.nodes.some(({ inputs }) => inputs.includes(name)))
        expect(carried).toEqual(new Map([...unread, ...graph.outputs.map((name): [Value, number] => [name, whole.get(name)!])]))
      }),
    )
  })
  it('keeps every node once, in order', () => {
    fc.assert(
      fc.property(recipes, fc.integer({ min: 1, max: 300 }), (recipe, budget) => {
        const graph = build(recipe)
        expect(cutGraph(graph, budget).flatMap(({ nodes }) => nodes)).toEqual(graph.nodes)
      }),
    )
  })
  it('keeps to its budget, but for a single node that needs more', () => {
    fc.assert(
      fc.property(recipes, fc.integer({ min: 1, max: 300 }), (recipe, budget) => {
        const graph = build(recipe)
        const sizeOf = (value: Value): number => graph.weights.tensors.get(value)?.bytes ?? 0
        for (const { nodes, weightBytes } of cutGraph(graph, budget)) {
          const names = new Set(nodes.flatMap(({ inputs }) => inputs))
          const heavy = nodes.filter(({ inputs }) => inputs.some((value) => sizeOf(value) > 0))
          expect(weightBytes).toBe([...names].reduce((sum, value) => sum + sizeOf(value), 0))
          if (heavy.length > 1) expect(weightBytes).toBeLessThanOrEqual(budget)
        }
      }),
    )
  })
  it('is one segment where there is room', () => {
    const graph = build({ sizes: [50, 50], nodes: [[2], [3, 4], [1]], outputs: [0, 1] })
    expect(cutGraph(graph, 100).map(({ weightBytes }) => weightBytes)).toEqual([100])
    expect(cutGraph(graph, 99).map(({ weightBytes }) => weightBytes)).toEqual([50, 50])
  })
})

describe('packWeights', () => {
  it('lays the weights of a segment behind one another, aligned', () => {
    const graph = build({ sizes: [50, 70, 10], nodes: [[4], [2], [4, 2]], outputs: [2] })
    expect(packWeights(cutGraph(graph, 1000)[0]!)).toEqual({
      places: [
        { from: 8, bytes: 50, to: 0 },
        { from: 128, bytes: 10, to: 64 },
      ],
      bytes: 128,
    })
  })
})
