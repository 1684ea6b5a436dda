// Matrix products in integers: c[m][n] = a[m][k] · w[k][n] + bias, where a's rows and w's columns were rounded to integers with a scale each.
// Sums are exact in 32 bits, so the result does not depend on the instruction that makes them.
//
// With relaxed SIMD: weights -127 … 127, activations 0 … 127 with a zero point a row (7 bits: the instruction's second operand must be
// non-negative). `fused` is one instruction where processor and compiler have it (AVX-VNNI, ARM dot product; 4 x fp32), and slower than two
// steps, in lower tiles, where they have not; the host measures and chooses.
// Plain: both operands 11 to 12 bits, as many as 32-bit sums allow, in pairs (dot_i16x8_s): twice as fast as unfused fp32 and almost as exact.
import { GELU, geluTile, LOW, TALL, touch } from './gemm-float'
import { madd } from './vector'

/** Bytes of one activation or weight. */
export const INT_BYTES: usize = ASC_FEATURE_RELAXED_SIMD ? 1 : 2
/** Neighbours in k that one step multiplies: the bytes of a 32-bit lane. */
export const STEP: i32 = ASC_FEATURE_RELAXED_SIMD ? 4 : 2

/** Largest activation and weight for sums over k. */
export function intTop(k: i32): f32 {
  if (ASC_FEATURE_RELAXED_SIMD) return 127
  else return min<f32>(floor<f32>(sqrt<f32>(<f32>2147480000 / <f32>k)), 32767)
}

@inline
function step(fused: bool, w: v128, x: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (fused) return i32x4.relaxed_dot_i8x16_i7x16_add_s(w, x, sum)
    else return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(w, x)))
  } else return i32x4.add(sum, i32x4.dot_i16x8_s(w, x))
}

/** Writes 8 results of a row: (sum - zero · columnSum) · rowScale · columnScale + bias. row: [scale, zero]. */
@inline
function finish(c: usize, d0: v128, d1: v128, row: usize, bias: usize, scale: usize, columnSum: usize): void {
  const s = v128.load_splat<f32>(row)
  d0 = f32x4.convert_i32x4_s(d0)
  d1 = f32x4.convert_i32x4_s(d1)
  if (ASC_FEATURE_RELAXED_SIMD) {
    const z = f32x4.neg(v128.load_splat<f32>(row, 4))
    d0 = madd(z, v128.load(columnSum), d0)
    d1 = madd(z, v128.load(columnSum, 16), d1)
  }
  v128.store(c, madd(f32x4.mul(d0, s), v128.load(scale), v128.load(bias)))
  v128.store(c, madd(f32x4.mul(d1, s), v128.load(scale, 16), v128.load(bias, 16)), 16)
}

/**
 * a [m][k] integers, contiguous; rows [m][2]: scale and zero point of each. w: panels [n/8][k/STEP][8][STEP], then bias [n], scale [n] and
 * column sums [n] in fp32. c: as in gemmFloat. Up to 5 rows behind the last one are read and written.
 */
@inline
function gemmInt(fused: bool, a: usize, rows: usize, w: usize, c: usize, ldc: usize, cs: usize, m: i32, k: i32, n: i32, mode: i32): void {
  const rowsOfTile = fused ? TALL : LOW, lda = <usize>k * INT_BYTES, panel = <usize>k * 8 * INT_BYTES
  let bias = w + <usize>n * k * INT_BYTES
  const toScale = <usize>n * 4, toSum = <usize>n * 8
  for (let j = 0; j < n; j += 8, bias += 32) {
    for (let i = 0; i < m; i += rowsOfTile) {
      let c00 = i32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00
      if (i == 0 && j + 8 < n) touch(w + panel, panel)
      let p = w, x = a + i * lda
      const end = x + lda
      while (x < end) {
        const w0 = v128.load(p), w1 = v128.load(p, 16)
        let v = v128.load_splat<i32>(x)
        c00 = step(fused, w0, v, c00); c01 = step(fused, w1, v, c01)
        v = v128.load_splat<i32>(x + lda)
        c10 = step(fused, w0, v, c10); c11 = step(fused, w1, v, c11)
        v = v128.load_splat<i32>(x + 2 * lda)
        c20 = step(fused, w0, v, c20); c21 = step(fused, w1, v, c21)
        v = v128.load_splat<i32>(x + 3 * lda)
        c30 = step(fused, w0, v, c30); c31 = step(fused, w1, v, c31)
        if (fused) {
          v = v128.load_splat<i32>(x + 4 * lda)
          c40 = step(fused, w0, v, c40); c41 = step(fused, w1, v, c41)
          v = v128.load_splat<i32>(x + 5 * lda)
          c50 = step(fused, w0, v, c50); c51 = step(fused, w1, v, c51)
        }
        x += 4; p += 32
      }
      let o = c + i * ldc, r = rows + <usize>i * 8
      finish(o, c00, c01, r, bias, bias + toScale, bias + toSum); o += ldc; r += 8
      finish(o, c10, c11, r, bias, bias + toScale, bias + toSum); o += ldc; r += 8
      finish(o, c20, c21, r, bias, bias + toScale, bias + toSum); o += ldc; r += 8
      finish(o, c30, c31, r, bias, bias + toScale, bias + toSum); o += ldc; r += 8
      if (fused) {
        finish(o, c40, c41, r, bias, bias + toScale, bias + toSum); o += ldc; r += 8
        finish(o, c50, c51, r, bias, bias + toScale, bias + toSum)
      }
      if (mode == GELU) geluTile(c + i * ldc, ldc, rowsOfTile)
    }
    w += panel; c += cs
  }
}
export function gemmIntFused(a: usize, rows: usize, w: usize, c: usize, ldc: usize, cs: usize, m: i32, k: i32, n: i32, mode: i32): void {
  gemmInt(ASC_FEATURE_RELAXED_SIMD, a, rows, w, c, ldc, cs, m, k, n, mode)
}
export function gemmIntTwoStep(a: usize, rows: usize, w: usize, c: usize, ldc: usize, cs: usize, m: i32, k: i32, n: i32, mode: i32): void {
  gemmInt(false, a, rows, w, c, ldc, cs, m, k, n, mode)
}
