import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { floatToHalf, halfToFloat, toFloats } from '../../src/core/checkpoint/numbers'
import { BLOCK, blockCodes, rowCodes, scalesOf } from '../../src/core/checkpoint/quantize'
import { readSafetensors, type StoredTensor } from '../../src/core/compile/safetensors'
import { createSha256 } from '../../src/core/sha256'

describe('halves', () => {
  it('are all kept by way of a float', () => {
    const finite = Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00)
    expect(finite.filter((bits) => floatToHalf(halfToFloat(bits)) !== bits)).toEqual([])
  })

  it('are the nearest to a float, the even one of two', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65519, max: 65519 }), (value) => {
        const bits = floatToHalf(value)
        const distance = (b: number): number => Math.abs(halfToFloat(b) - value)
        const neighbours = [bits - 1, bits + 1].filter((b) => (b & 0x8000) === (bits & 0x8000) && b >= 0 && Number.isFinite(halfToFloat(b)))
        for (const other of neighbours) {
          expect(distance(bits)).toBeLessThanOrEqual(distance(other))
          if (distance(bits) === distance(other)) expect(bits % 2).toBe(0)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('become infinite from 65520 on', () => {
    expect([65519.996, 65520, -1e9, Infinity].map((v) => halfToFloat(floatToHalf(v)))).toEqual([65504, Infinity, -Infinity, Infinity])
  })
})

describe('bfloat16', () => {
  it('is the upper half of a float', () => {
    expect(Array.from(toFloats('BF16', Uint8Array.of(0x80, 0x3f, 0x49, 0xc0)))).toEqual([1, -3.140625])
  })
})

describe('weights in blocks', () => {
  const block = fc
    .array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: BLOCK, maxLength: BLOCK })
    .map((v) => Float32Array.from(v))

  it.each([4, 8] as const)('are off by no more than half a step in %i bits', (bits) => {
    fc.assert(
      fc.property(block, (values) => {
        const scales = scalesOf(values, BLOCK, bits)
        const codes = blockCodes(values, scales, bits)
        const scale = halfToFloat(scales[0]!)
        const middle = 2 ** (bits - 1)
        const back = Array.from(values, (_, i) => {
          const code = bits === 8 ? codes[i]! : (codes[i >> 1]! >> (4 * (i % 2))) & 15
          return (code - middle) * scale
        })
        // the scale is rounded to 11 bits, so the largest number may be cut by a little more than half a step
        const allowed = scale * 0.5 + Math.max(...values.map(Math.abs)) * 2 ** -10
        expect(Math.max(...back.map((value, i) => Math.abs(value - values[i]!)))).toBeLessThanOrEqual(allowed)
      }),
    )
  })
})

describe('the embedded model', () => {
  const open = (file: string) => {
    const bytes = new Uint8Array(readFileSync(new URL(`../../models/default/${file}`, import.meta.url)))
    const { tensors } = readSafetensors(file, bytes, bytes.length)
    return { tensors, read: ({ offset, bytes: length }: StoredTensor) => bytes.slice(offset, offset + length) }
  }

  it('quantized here is, byte for byte, its q8 file', () => {
    const [source, q8] = [open('weights.fp16.safetensors'), open('weights.q8.safetensors')]
    const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
    const different = [...source.tensors].filter(([name, tensor]) => {
      const stored = q8.tensors.get(name)!
      if (stored.type === 'F16') return false
      const values = toFloats('F16', source.read(tensor))
      const width = tensor.shape[1]!
      const scales = scalesOf(values, stored.type === 'I8' ? width : BLOCK, 8)
      const codes = stored.type === 'I8' ? rowCodes(values, scales, width) : blockCodes(values, scales, 8)
      const own = [new Uint8Array(scales.buffer), new Uint8Array(codes.buffer)].map(hash)
      return own.join() !== [q8.read(q8.tensors.get(`${name}.scales`)!), q8.read(stored)].map(hash).join()
    })
    expect(different.map(([name]) => name)).toEqual([])
  })
})

describe('SHA-256', () => {
  it('agrees with Node however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (pieces) => {
        const [own, node] = [createSha256(), createHash('sha256')]
        for (const piece of pieces) {
          own.update(piece)
          node.update(piece)
        }
        expect(own.digest()).toBe(node.digest('hex'))
      }),
    )
  })
})
