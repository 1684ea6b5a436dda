// Linear layers in integers, for onnxruntime on the CPU: a setting for quantized files, about twice as fast as numbers and less exact.
// Activations get a scale for each token: one for a whole batch would be faster still, but costs the embedded model twice the error. Weights get
// a scale for each output, and 8 bits or 7: a processor without dot products of bytes adds two products of bytes in 16 bits, which 8 overflow.
import { blockReader, type Blocks } from './blocks'
import { MICROSOFT, type Graph, type Integers, type Value } from './graph'

const MOST_ACTIVATION = 127
/** Activations are stored as unsigned bytes around this. */
const MIDDLE = 128
/** Outputs that are repacked together, so that what is written lies side by side. */
const STRIP = 64

/** x [rows, inputs] -> x Wᵀ + bias [rows, outputs]; `name`: of the weight. */
export function integerLinear(
  graph: Graph,
  integers: Integers,
  blocks: Blocks,
  name: string,
  x: Value,
  inputs: number,
  outputs: number,
  bias: Value,
): Value {
  const { weights, scales } = repack(integers, blocks, inputs, outputs)
  const w = graph.made(`${name} as integers`, 'I8', [inputs, outputs], new Uint8Array(weights.buffer))
  const perOutput = graph.made(`${name} scales`, 'F32', [outputs], new Uint8Array(scales.buffer))
  const zero = graph.once('zero of weights', () => graph.bytes('I8', [1], [0]))
  const middle = graph.once('middle of activations', () => graph.bytes('U8', [1], [MIDDLE]))
  const perRow = graph.once(`${x} scales`, () => {
    const largest = graph.op('ReduceMax', [graph.op('Abs', [x])], { axes: [1n], keepdims: 0n })
    const scale = graph.op('Mul', [largest, graph.floats([1 / MOST_ACTIVATION])])
    return graph.op('Max', [scale, graph.floats([1e-20], [1])]) // a row of zeros
  })
  const codes = graph.once(`${x} codes`, () => {
    const middles = graph.op('Expand', [middle, graph.op('Shape', [perRow])])
    return graph.op('QuantizeLinear', [x, perRow, middles], { axis: 0n })
  })
  const products = graph.op('MatMulIntegerToFloat', [codes, w, graph.floats([1]), perOutput, middle, zero], {}, MICROSOFT)
  const column = graph.once(`${x} column`, () => graph.op('Unsqueeze', [perRow, graph.ints(1)]))
  return graph.op('Add', [graph.op('Mul', [products, column]), bias])
}

/** Weights [inputs, outputs] with a scale for each output: weight ≈ integer · scale. */
export function repack(
  { file, weightBits }: Integers,
  blocks: Blocks,
  inputs: number,
  outputs: number,
): { weights: Int8Array; scales: Float32Array } {
  const read = blockReader(file, blocks, inputs)
  const most = 2 ** (weightBits - 1) - 1
  const weights = new Int8Array(inputs * outputs)
  const perOutput = new Float32Array(outputs)
  const strip = new Float32Array(STRIP * inputs) // weights of a few outputs, as multiples of their scales
  for (let from = 0; from < outputs; from += STRIP) {
    const to = Math.min(from + STRIP, outputs)
    for (let n = from; n < to; n++) {
      const row = strip.subarray((n - from) * inputs, (n - from + 1) * inputs)
      read(n, row)
      let largest = 0
      for (let i = 0; i < inputs; i++) largest = Math.max(largest, Math.abs(row[i]!))
      const scale = largest / most || 1
      perOutput[n] = scale
      for (let i = 0; i < inputs; i++) row[i]! /= scale
    }
    for (let i = 0; i < inputs; i++) {
      for (let n = from; n < to; n++) weights[i * outputs + n] = Math.round(strip[(n - from) * inputs + i]!)
    }
  }
  return { weights, scales: perOutput }
}
