// Rounds activations to integers, a row at a time, for gemm-int: value = (integer - zero) · scale.
import { INT_BYTES, intTop } from './gemm-int'
import { rotate } from './rotate'
import { larger, madd, max4, round4, smaller, splat } from './vector'

/** x[m][k] fp32 -> q[m][k] integers, rows[m][2]: scale and zero point. work: k floats. k is a multiple of 32. */
export function quantizeRows(x: usize, m: i32, k: i32, q: usize, rows: usize, work: usize): void {
  const bytes = <usize>k * 4, top = intTop(k)
  for (let i = 0; i < m; i++, x += bytes, q += <usize>k * INT_BYTES, rows += 8) {
    if (ASC_FEATURE_RELAXED_SIMD) {
      rotate(x, work, k)
      quantizeBytes(work, q, bytes, rows)
    } else quantizeShorts(x, q, bytes, rows, top)
  }
}

/** 0 … 127 with a zero point. */
@inline
function quantizeBytes(x: usize, q: usize, bytes: usize, row: usize): void {
  let high = splat(0), low = high
  for (let p: usize = 0; p < bytes; p += 16) {
    const v = v128.load(x + p)
    high = larger(high, v)
    low = smaller(low, v)
  }
  const lowest = -max4(f32x4.neg(low))
  const scale = max<f32>(max4(high) - lowest, 1e-20) / 127
  const zero = nearest<f32>(-lowest / scale)
  store<f32>(row, scale)
  store<f32>(row, zero, 4)
  const inverse = splat(<f32>1 / scale), z = splat(zero), none = i32x4.splat(0)
  for (let p: usize = 0; p < bytes; p += 64, q += 16) {
    const a = i16x8.narrow_i32x4_s(round4(madd(v128.load(x + p), inverse, z)), round4(madd(v128.load(x + p, 16), inverse, z)))
    const b = i16x8.narrow_i32x4_s(round4(madd(v128.load(x + p, 32), inverse, z)), round4(madd(v128.load(x + p, 48), inverse, z)))
    v128.store(q, i8x16.max_s(i8x16.narrow_i16x8_s(a, b), none)) // rounding may step over either end
  }
}

/** -top … top; the zero point is 0. */
@inline
function quantizeShorts(x: usize, q: usize, bytes: usize, row: usize, top: f32): void {
  let high = splat(0)
  for (let p: usize = 0; p < bytes; p += 16) high = larger(high, f32x4.abs(v128.load(x + p)))
  const scale = max<f32>(max4(high), 1e-20) / top
  store<f32>(row, scale)
  store<f32>(row, 0, 4)
  const inverse = splat(<f32>1 / scale)
  for (let p: usize = 0; p < bytes; p += 32, q += 16) {
    v128.store(q, i16x8.narrow_i32x4_s(round4(f32x4.mul(v128.load(x + p), inverse)), round4(f32x4.mul(v128.load(x + p, 16), inverse))))
  }
}
