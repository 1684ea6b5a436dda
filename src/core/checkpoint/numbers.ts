// The 16-bit numbers of weight files. IEEE 754: half has 5 bits of exponent and 10 of fraction, bfloat16 is the upper half of a float32.
// Rounding is to nearest, ties to even, as PyTorch's.

/** Every half as a float. */
const HALVES = new Float32Array(65536)
for (let bits = 0; bits < 65536; bits++) {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const size = exponent === 0 ? fraction * 2 ** -24 : exponent < 31 ? (1024 + fraction) * 2 ** (exponent - 25) : fraction ? NaN : Infinity
  HALVES[bits] = bits & 0x8000 ? -size : size
}
const one = new Float32Array(1)
const oneBits = new Uint32Array(one.buffer)

export function halfToFloat(half: number): number {
  return HALVES[half]!
}

/** The nearest half; ±Infinity from 65520 on. */
export function floatToHalf(value: number): number {
  one[0] = value
  const bits = oneBits[0]!
  const sign = (bits >>> 16) & 0x8000
  const size = bits & 0x7fffffff
  if (size > 0x7f800000) return sign | 0x7e00
  if (size >= 0x477ff000) return sign | 0x7c00
  if (size < 0x38800000) {
    // Below the least normal half: counts of 2^-24, which a float holds exactly enough to round once.
    const counts = Math.abs(one[0]) * 2 ** 24
    const floor = Math.floor(counts)
    const rest = counts - floor
    return sign | (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor)
  }
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13)
}

export type FloatType = 'F32' | 'F16' | 'BF16'
export const FLOAT_BYTES: Record<FloatType, number> = { F32: 4, F16: 2, BF16: 2 }

/** Little-endian bytes -> floats. */
export function toFloats(type: FloatType, bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const count = bytes.length / FLOAT_BYTES[type]
  if (type === 'F32') return new Float32Array(aligned.buffer, aligned.byteOffset, count)
  const stored = new Uint16Array(aligned.buffer, aligned.byteOffset, count)
  const floats = new Float32Array(count)
  if (type === 'F16') for (let i = 0; i < count; i++) floats[i] = HALVES[stored[i]!]!
  else {
    const bits = new Uint32Array(floats.buffer)
    for (let i = 0; i < count; i++) bits[i] = stored[i]! << 16
  }
  return floats
}
