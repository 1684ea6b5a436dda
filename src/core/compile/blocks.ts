// Weights in blocks (docs/architecture.md, Formats), read back as numbers: value = (code - middle) · scale of its block. onnxruntime's MatMulNBits
// does that anew for every batch, which on a CPU takes longer than the product itself; there they are widened once instead.
import { halfToFloat } from '../checkpoint/numbers'
import { BLOCK } from '../checkpoint/quantize'
import type { Safetensors, StoredTensor } from './safetensors'

/** Codes of a quantized weight [outputs, inputs · bits / 8], two of 4 bits in a byte with the low half first, and scales [outputs, inputs / BLOCK]. */
export interface Blocks {
  codes: StoredTensor
  scales: StoredTensor
  bits: 4 | 8
}

/** A function that writes weights n, of all inputs, into `row` [inputs]. `file`: the whole weight file. */
export function blockReader(file: Uint8Array, { codes, scales, bits }: Blocks, inputs: number): (n: number, row: Float32Array) => void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const blocks = inputs / BLOCK
  return (n, row) => {
    unpackCodes(file, codes.offset + (n * inputs * bits) / 8, bits, row)
    for (let i = 0, b = 0; b < blocks; b++) {
      const scale = halfToFloat(view.getUint16(scales.offset + 2 * (n * blocks + b), true))
      for (const end = i + BLOCK; i < end; i++) row[i]! *= scale
    }
  }
}

function unpackCodes(file: Uint8Array, at: number, bits: 4 | 8, row: Float32Array): void {
  if (bits === 8) for (let i = 0; i < row.length; i++) row[i] = file[at + i]! - 128
  else {
    for (let i = 0; i < row.length; i += 2) {
      const byte = file[at + (i >> 1)]!
      row[i] = (byte & 15) - 8
      row[i + 1] = (byte >> 4) - 8
    }
  }
}

/** Weights [outputs, inputs] as numbers. `file`: the whole weight file. */
export function widenBlocks(file: Uint8Array, blocks: Blocks, inputs: number, outputs: number): Float32Array<ArrayBuffer> {
  const read = blockReader(file, blocks, inputs)
  const weights = new Float32Array(outputs * inputs)
  for (let n = 0; n < outputs; n++) read(n, weights.subarray(n * inputs, (n + 1) * inputs))
  return weights
}

/** Bytes of all weights in blocks once they are widened; 0 where there are none. */
export function widenedBytes({ tensors }: Safetensors): number {
  let bytes = 0
  for (const [name, { type }] of tensors)
    if (type === 'U8') bytes += (tensors.get(`${name}.scales`)?.shape ?? [0]).reduce((product, n) => product * n, 4 * BLOCK)
  return bytes
}
