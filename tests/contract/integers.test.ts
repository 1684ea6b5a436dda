// Linear layers in integers on onnxruntime-node against the product of the same numbers, within what rounding both sides can cost.
import fc from 'fast-check'
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { findIntegerBits } from '../../src/adapters/ort/integer-bits'
import { openSession } from '../../src/adapters/ort/session'
import { blockCodes, scalesOf } from '../../src/core/checkpoint/quantize'
import { halfToFloat } from '../../src/core/checkpoint/numbers'
import { Graph } from '../../src/core/compile/graph'
import { readSafetensors } from '../../src/core/compile/safetensors'
import { linear } from '../../src/core/compile/weights'
import { safetensorsFile } from '../unit/compile-file'

const BLOCK = 32
const bytesOf = (values: Float32Array | Uint16Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
const largest = (values: Iterable<number>): number => Math.max(...Array.from(values, Math.abs))

/** A file of one linear layer in blocks, and its weights as numbers. */
function layerFile(weights: Float32Array, inputs: number, outputs: number, bits: 4 | 8, bias: Float32Array) {
  const scales = scalesOf(weights, BLOCK, bits)
  const codes = blockCodes(weights, scales, bits)
  const file = safetensorsFile([
    { name: 'layer.weight.scales', type: 'F16', shape: [outputs, inputs / BLOCK], bytes: bytesOf(scales) },
    { name: 'layer.weight', type: 'U8', shape: [outputs, (inputs * bits) / 8], bytes: codes },
    { name: 'layer.bias', type: 'F32', shape: [outputs], bytes: bytesOf(bias) },
  ])
  const code = (i: number): number => (bits === 8 ? codes[i]! - 128 : ((codes[i >> 1]! >> (4 * (i & 1))) & 15) - 8)
  return { file, numbers: weights.map((_, i) => code(i) * halfToFloat(scales[Math.floor(i / BLOCK)]!)) }
}

async function multiply(file: Uint8Array, weightBits: 7 | 8, x: Float32Array, inputs: number, outputs: number): Promise<Float32Array> {
  const graph = new Graph(readSafetensors('w', file, file.length), { file, weightBits })
  graph.output('logits', linear(graph, graph.input('x', 'float32', ['R', inputs]), 'layer', inputs, outputs), ['R', outputs])
  const external = [{ path: 'w', data: file }, ...graph.external]
  const session = await openSession(ort, { onnx: graph.encode(), external, output: 'logits' }, { logSeverityLevel: 3 })
  const result = await session.run({ x: { data: x, shape: [x.length / inputs, inputs] } })
  await session.release()
  return result
}

describe('a linear layer in integers', () => {
  const number = fc.float({ min: -2, max: 2, noNaN: true })
  const layer = fc
    .record({
      inputs: fc.integer({ min: 1, max: 3 }).map((n) => n * BLOCK),
      outputs: fc.integer({ min: 1, max: 70 }),
      rows: fc.integer({ min: 1, max: 5 }),
      bits: fc.constantFrom<4 | 8>(4, 8),
      weightBits: fc.constantFrom<7 | 8>(7, 8),
    })
    .chain((sizes) => {
      const { inputs, outputs, rows } = sizes
      const list = (length: number) => fc.array(number, { minLength: length, maxLength: length }).map((values) => Float32Array.from(values))
      return fc.record({ sizes: fc.constant(sizes), weights: list(inputs * outputs), bias: list(outputs), x: list(rows * inputs) })
    })

  it('is off by no more than the rounding of its weights and of its activations', async () => {
    const exact = await findIntegerBits(ort)
    await fc.assert(
      fc.asyncProperty(layer, async ({ sizes: { inputs, outputs, rows, bits, weightBits }, weights, bias, x }) => {
        fc.pre(weightBits <= exact)
        const { file, numbers } = layerFile(weights, inputs, outputs, bits, bias)
        const result = await multiply(file, weightBits, x, inputs, outputs)
        for (let r = 0; r < rows; r++) {
          const row = x.subarray(r * inputs, (r + 1) * inputs)
          const stepX = largest(row) / 127
          for (let n = 0; n < outputs; n++) {
            const w = numbers.subarray(n * inputs, (n + 1) * inputs)
            const stepW = largest(w) / (2 ** (weightBits - 1) - 1)
            let [sum, most] = [bias[n]!, Math.abs(bias[n]!) * 1e-6 + 1e-6]
            for (let k = 0; k < inputs; k++) {
              sum += row[k]! * w[k]!
              // half a step each, and a little for numbers of 32 bits
              most += 1.001 * ((Math.abs(row[k]!) * stepW) / 2 + (Math.abs(w[k]!) * stepX) / 2 + (stepX * stepW) / 4)
            }
            expect(Math.abs(result[r * outputs + n]! - sum)).toBeLessThanOrEqual(most)
          }
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('this processor', () => {
  it('either adds products of bytes exactly, or gets weights of 7 bits', async () => {
    expect([7, 8]).toContain(await findIntegerBits(ort))
  })
})
