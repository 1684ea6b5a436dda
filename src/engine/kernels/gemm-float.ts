// Matrix products in fp32: c[m][n] = a[m][k] · w[k][n] (+ bias), in tiles of 6 or 4 rows x 8 columns whose sums stay in registers.
// Six rows fill the 15 registers that V8 has on x86: 12 sums, two weights, one activation. That takes a multiply-add in place; where there is
// none, or the compiler copies the sum first (V8 before 13), four rows are faster. The host measures and chooses. A row's result is the same
// in whatever tile it is computed: nothing depends on its neighbours or on that choice.
import { gelu4, madd } from './vector'

/** Rows of the highest tile. */
export const TALL: i32 = 6
export const LOW: i32 = 4

let isTall: bool = ASC_FEATURE_RELAXED_SIMD

export function setTall(value: bool): void {
  isTall = value
}

/** What a product does with its sums: starts from the bias, applies GELU in the end, or adds to what is in c instead of the bias. */
export const PLAIN: i32 = 0
export const GELU: i32 = 1
export const ADD: i32 = 2

/** GELU of a finished tile: a pass of its own, so that no sum has to leave its register for it. */
export function geluTile(c: usize, ldc: usize, rows: i32): void {
  for (let r = 0; r < rows; r++, c += ldc) {
    v128.store(c, gelu4(v128.load(c)))
    v128.store(c, gelu4(v128.load(c, 16)), 16)
  }
}

/** Reads a byte of every cache line, so that the next panel is there when it is needed: WebAssembly has no prefetch. */
export function touch(at: usize, bytes: usize): void {
  for (let p = at; p < at + bytes; p += 64) load<u8>(p)
}

/**
 * a: row-major, rows `lda` bytes apart. w: panels of 8 columns, [n/8][k][8], `ws` bytes apart. bias [n]; not read in mode ADD.
 * c: rows `ldc` bytes apart, its panels of 8 columns `cs` bytes apart (32: row-major). n is a multiple of 8.
 * Up to 5 rows behind the last one are read from a and written to c: leave room for them.
 */
export function gemmFloat(
  a: usize, lda: usize, w: usize, ws: usize, bias: usize, c: usize, ldc: usize, cs: usize, m: i32, k: i32, n: i32, mode: i32,
): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (isTall) gemmTall(a, lda, w, ws, bias, c, ldc, cs, m, k, n, mode)
    else gemmLow(a, lda, w, ws, bias, c, ldc, cs, m, k, n, mode)
  } else gemmLow(a, lda, w, ws, bias, c, ldc, cs, m, k, n, mode)
}
function gemmTall(
  a: usize, lda: usize, w: usize, ws: usize, bias: usize, c: usize, ldc: usize, cs: usize, m: i32, k: i32, n: i32, mode: i32,
): void {
  gemm(TALL, a, lda, w, ws, bias, c, ldc, cs, m, k, n, mode)
}
function gemmLow(
  a: usize, lda: usize, w: usize, ws: usize, bias: usize, c: usize, ldc: usize, cs: usize, m: i32, k: i32, n: i32, mode: i32,
): void {
  gemm(LOW, a, lda, w, ws, bias, c, ldc, cs, m, k, n, mode)
}

@inline
function gemm(
  rows: i32, a: usize, lda: usize, w: usize, ws: usize, bias: usize, c: usize, ldc: usize, cs: usize, m: i32, k: i32, n: i32, mode: i32,
): void {
  for (let j = 0; j < n; j += 8) {
    const b0 = mode == ADD ? f32x4.splat(0) : v128.load(bias)
    const b1 = mode == ADD ? b0 : v128.load(bias, 16)
    for (let i = 0; i < m; i += rows) {
      let o = c + i * ldc
      let c00 = b0, c01 = b1, c10 = b0, c11 = b1, c20 = b0, c21 = b1, c30 = b0, c31 = b1, c40 = b0, c41 = b1, c50 = b0, c51 = b1
      if (mode == ADD) {
        c00 = v128.load(o); c01 = v128.load(o, 16); o += ldc
        c10 = v128.load(o); c11 = v128.load(o, 16); o += ldc
        c20 = v128.load(o); c21 = v128.load(o, 16); o += ldc
        c30 = v128.load(o); c31 = v128.load(o, 16); o += ldc
        if (rows > LOW) {
          c40 = v128.load(o); c41 = v128.load(o, 16); o += ldc
          c50 = v128.load(o); c51 = v128.load(o, 16)
        }
        o = c + i * ldc
      }
      if (i == 0 && j + 8 < n) touch(w + ws, <usize>k * 32)
      let p = w, x = a + i * lda
      const end = x + <usize>k * 4
      while (x < end) {
        const w0 = v128.load(p), w1 = v128.load(p, 16)
        let v = v128.load_splat<f32>(x)
        c00 = madd(w0, v, c00); c01 = madd(w1, v, c01)
        v = v128.load_splat<f32>(x + lda)
        c10 = madd(w0, v, c10); c11 = madd(w1, v, c11)
        v = v128.load_splat<f32>(x + 2 * lda)
        c20 = madd(w0, v, c20); c21 = madd(w1, v, c21)
        v = v128.load_splat<f32>(x + 3 * lda)
        c30 = madd(w0, v, c30); c31 = madd(w1, v, c31)
        if (rows > LOW) {
          v = v128.load_splat<f32>(x + 4 * lda)
          c40 = madd(w0, v, c40); c41 = madd(w1, v, c41)
          v = v128.load_splat<f32>(x + 5 * lda)
          c50 = madd(w0, v, c50); c51 = madd(w1, v, c51)
        }
        x += 4; p += 32
      }
      v128.store(o, c00); v128.store(o, c01, 16); o += ldc
      v128.store(o, c10); v128.store(o, c11, 16); o += ldc
      v128.store(o, c20); v128.store(o, c21, 16); o += ldc
      v128.store(o, c30); v128.store(o, c31, 16); o += ldc
      if (rows > LOW) {
        v128.store(o, c40); v128.store(o, c41, 16); o += ldc
        v128.store(o, c50); v128.store(o, c51, 16)
      }
      if (mode == GELU) geluTile(c + i * ldc, ldc, rows)
    }
    w += ws; c += cs; bias += 32
  }
}
