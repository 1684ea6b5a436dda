// Layer normalisation and dot products of rows.
import { madd, splat, sum4 } from './vector'

/** y = LayerNorm(x + y) of m rows of k floats (k a multiple of 4), mean and variance as torch's: two passes. norm: gain [k], bias [k]. */
export function addNorm(x: usize, y: usize, norm: usize, m: i32, k: i32, epsilon: f32): void {
  const bytes = <usize>k * 4
  for (let i = 0; i < m; i++, x += bytes, y += bytes) {
    let sum = splat(0), squares = sum
    for (let p: usize = 0; p < bytes; p += 16) {
      const v = f32x4.add(v128.load(x + p), v128.load(y + p))
      v128.store(y + p, v)
      sum = f32x4.add(sum, v)
    }
    const mean = splat(sum4(sum) / <f32>k)
    for (let p: usize = 0; p < bytes; p += 16) {
      const v = f32x4.sub(v128.load(y + p), mean)
      squares = madd(v, v, squares)
    }
    const r = splat(<f32>1 / sqrt<f32>(sum4(squares) / <f32>k + epsilon))
    for (let p: usize = 0; p < bytes; p += 16) {
      v128.store(y + p, madd(f32x4.mul(f32x4.sub(v128.load(y + p), mean), r), v128.load(norm + p), v128.load(norm + bytes + p)))
    }
  }
}

/** a[k] · b[k]; k a multiple of 8. */
export function dotRow(a: usize, b: usize, k: i32): f32 {
  let s = splat(0), t = s
  for (let p: usize = 0; p < <usize>k * 4; p += 32) {
    s = madd(v128.load(a + p), v128.load(b + p), s)
    t = madd(v128.load(a + p, 16), v128.load(b + p, 16), t)
  }
  return sum4(f32x4.add(s, t))
}

/** y[k] += x[k]; k a multiple of 4. */
export function addRow(x: usize, y: usize, k: i32): void {
  for (let p: usize = 0; p < <usize>k * 4; p += 16) v128.store(y + p, f32x4.add(v128.load(y + p), v128.load(x + p)))
}

/** x[k] *= s; k a multiple of 4. */
export function scaleRow(x: usize, s: f32, k: i32): void {
  const v = splat(s)
  for (let p: usize = 0; p < <usize>k * 4; p += 16) v128.store(x + p, f32x4.mul(v128.load(x + p), v))
}
