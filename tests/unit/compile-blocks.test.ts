import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { halfToFloat } from '../../src/core/checkpoint/numbers'
import { blockCodes, scalesOf } from '../../src/core/checkpoint/quantize'
import { compileModel } from '../../src/core/compile'
import { widenBlocks, widenedBytes } from '../../src/core/compile/blocks'
import { readSafetensors } from '../../src/core/compile/safetensors'
import type { Manifest } from '../../src/core/types'
import { safetensorsFile } from './compile-file'
import { messages, numbers, strings } from './compile-protobuf'

const BLOCK = 32
const TINY = new URL('../fixtures/tiny/', import.meta.url)
const tiny = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, TINY)))

/** A file of one weight [outputs, inputs] in blocks, and the numbers that its codes and scales stand for, one at a time. */
function weightFile(weights: Float32Array, inputs: number, outputs: number, bits: 4 | 8) {
  const scales = scalesOf(weights, BLOCK, bits)
  const codes = blockCodes(weights, scales, bits)
  const file = safetensorsFile([
    { name: 'w.scales', type: 'F16', shape: [outputs, inputs / BLOCK], bytes: new Uint8Array(scales.buffer) },
    { name: 'w', type: 'U8', shape: [outputs, (inputs * bits) / 8], bytes: codes },
  ])
  const code = (i: number): number => (bits === 8 ? codes[i]! - 128 : ((codes[i >> 1]! >> (4 * (i & 1))) & 15) - 8)
  const widened = Float32Array.from(weights, (_, i) => code(i) * halfToFloat(scales[Math.floor(i / BLOCK)]!))
  return { stored: readSafetensors('w', file, file.length), file, widened }
}

describe('weights in blocks', () => {
  const layer = fc
    .record({
      inputs: fc.integer({ min: 1, max: 3 }).map((n) => n * BLOCK),
      outputs: fc.integer({ min: 1, max: 5 }),
      bits: fc.constantFrom<4 | 8>(4, 8),
    })
    .chain((sizes) => {
      const length = sizes.inputs * sizes.outputs
      const weights = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: length, maxLength: length })
      return fc.record({ sizes: fc.constant(sizes), weights: weights.map((values) => Float32Array.from(values)) })
    })

  it('are widened to the numbers that they stand for', () => {
    fc.assert(
      fc.property(layer, ({ sizes: { inputs, outputs, bits }, weights }) => {
        const { stored, file, widened } = weightFile(weights, inputs, outputs, bits)
        const blocks = { codes: stored.tensors.get('w')!, scales: stored.tensors.get('w.scales')!, bits }
        expect(widenBlocks(file, blocks, inputs, outputs)).toEqual(widened)
        expect(widenedBytes(stored)).toBe(widened.byteLength)
      }),
    )
  })
  it('are none in a file of halves', () => {
    const file = tiny('weights.fp16.safetensors')
    expect(widenedBytes(readSafetensors('w', file, file.length))).toBe(0)
  })
})

describe.each(['q8', 'q4'])('the graph whose %s weights were widened', (precision) => {
  const file = tiny(`weights.${precision}.safetensors`)
  const manifest = JSON.parse(new TextDecoder().decode(tiny('model.json'))) as Manifest
  const { onnx, external } = compileModel(manifest, 'w', file, 32)
  const graph = messages(onnx, 7)[0]!

  it('multiplies with numbers alone', () => {
    const types = messages(graph, 1).map((node) => strings(node, 4)[0]!)
    expect([types.includes('MatMulNBits'), types.includes('Gemm')]).toEqual([false, true])
  })
  it('has every weight once, in its own shape', () => {
    const made = new Map(external.map(({ path, data }) => [path, data.length]))
    const shapes = messages(graph, 5).flatMap((tensor) => {
      const name = strings(tensor, 8)[0]!
      return made.has(name) ? [[name, numbers(tensor, 1).reduce((product, n) => product * n, 4)]] : []
    })
    expect(new Map(shapes as [string, number][])).toEqual(made)
    const widened = [...made.values()].reduce((sum, bytes) => sum + bytes, 0)
    expect(widened).toBe(widenedBytes(readSafetensors('w', file, file.length)))
  })
})
