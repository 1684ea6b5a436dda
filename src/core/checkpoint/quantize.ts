// Rounds weights to 8 or 4 bits. Groups of numbers share a scale, absmax / 127 (or / 7), which is rounded to a half before the integers are
// chosen. Bit for bit what models/recipe/quantize.py makes (round_groups, pack); what the bytes mean is in docs/architecture.md.
import { floatToHalf, halfToFloat } from './numbers'

/** Weights along the input dimension that share a scale. */
export const BLOCK = 32
/** The least positive half. */
const LEAST_SCALE = 2 ** -24

/** Halves, one a group of `size` numbers. */
export function scalesOf(values: Float32Array, size: number, bits: 4 | 8): Uint16Array {
  const top = 2 ** (bits - 1) - 1
  const scales = new Uint16Array(values.length / size)
  for (let group = 0; group < scales.length; group++) {
    let most = 0
    for (let i = group * size; i < (group + 1) * size; i++) most = Math.max(most, Math.abs(values[i]!))
    scales[group] = floatToHalf(Math.max(Math.fround(most / top), LEAST_SCALE))
  }
  return scales
}

/** U8, (u − 128) · scale; in 4 bits two a byte, (nibble − 8) · scale, the low one first. values.length is a multiple of BLOCK. */
export function blockCodes(values: Float32Array, scales: Uint16Array, bits: 4 | 8): Uint8Array {
  const integers = integersOf(values, scales, BLOCK, bits)
  const middle = 2 ** (bits - 1)
  const codes = new Uint8Array((values.length * bits) / 8)
  if (bits === 8) for (let i = 0; i < codes.length; i++) codes[i] = integers[i]! + middle
  else for (let i = 0; i < codes.length; i++) codes[i] = (integers[2 * i]! + middle) | ((integers[2 * i + 1]! + middle) << 4)
  return codes
}

/** I8, value · scale of its row of `width` numbers. */
export function rowCodes(values: Float32Array, scales: Uint16Array, width: number): Int8Array {
  return integersOf(values, scales, width, 8)
}

function integersOf(values: Float32Array, scales: Uint16Array, size: number, bits: 4 | 8): Int8Array {
  const top = 2 ** (bits - 1) - 1
  const integers = new Int8Array(values.length)
  for (let group = 0; group < scales.length; group++) {
    const scale = halfToFloat(scales[group]!)
    for (let i = group * size; i < (group + 1) * size; i++) {
      integers[i] = Math.max(-top, Math.min(top, roundHalfEven(Math.fround(values[i]! / scale))))
    }
  }
  return integers
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}
