// Disentangled attention (He et al. 2021, DeBERTa) with the layout shared-prefix: prefix tokens see the prefix, a choice's tokens see the
// prefix and their own choice. score(i, j) = q_i·k_j + q_i·PK[i-j] + k_j·PQ[i-j], then softmax, then the mean of the values.
//
// PK and PQ, the relative positions' projected keys and queries, depend on weights only. They lie [dimension][offset], offsets falling, and
// keys [dimension][token]: a step to the next key is a step to the next float in all three, so both relative terms are added with plain
// loads while the product runs, and nothing is gathered or skewed.
//
// Other models add one number for each head and offset (MPNet, as T5) or none (BERT: that number is 0): score(i, j) = q_i·k_j + B[i-j].
import { ADD, gemmFloat, PLAIN } from './kernels/gemm-float'
import { exp4, larger, madd, max4, splat, sum4 } from './kernels/vector'
import { BIAS, farColumns, headSize, near, reach, relativeColumns, relativeKind, stateBytes } from './layout'

/** Queries whose scores are in the cache together. */
export const GROUP: i32 = 48
const MASKED: f32 = -1e30

// The buffers of the current batch: queries [rows][H]; keys [H][keyBytes]; values in panels [H/8][rows][8]; attended [rows][H].
let queries: usize = 0
let keys: usize = 0
let keyBytes: usize = 0
let values: usize = 0
let valueBytes: usize = 0
let attended: usize = 0
let scores: usize = 0
let zeros: usize = 0
// The relative rows of the current head, for the offsets that occur: [relativeRows][windowBytes], offset 0 at column `origin`.
let window: usize = 0
let windowBytes: usize = 0
let origin: i32 = 0

export function setBuffers(q: usize, k: usize, kBytes: usize, v: usize, vBytes: usize, out: usize, scoreBuffer: usize, zeroRow: usize): void {
  queries = q
  keys = k
  keyBytes = kBytes
  values = v
  valueBytes = vBytes
  attended = out
  scores = scoreBuffer
  zeros = zeroRow
}
export function setWindow(at: usize, rowBytes: usize, zeroColumn: i32): void {
  window = at
  windowBytes = rowBytes
  origin = zeroColumn
}

/** Copies the rows of a head (`rows`: its place in relativeAt) for the offsets of the window: near ones are a run, far ones share columns. */
export function fillWindow(rows: usize): void {
  if (relativeKind == BIAS) {
    fillBiases(rows)
    return
  }
  const columns = <i32>(windowBytes >> 2), first = max(0, origin - near), last = min(columns, origin + near + 1)
  const run = <usize>(last - first) * 4, from = <usize>((relativeColumns >> 1) - 1 + first - origin) * 4, far = farColumns + <usize>(reach - origin) * 4
  let o = window
  for (let r = 0; r < 2 * headSize; r++, o += windowBytes, rows += <usize>relativeColumns * 4) {
    for (let c = 0; c < first; c++) store<f32>(o + <usize>c * 4, load<f32>(rows + <usize>load<i32>(far + <usize>c * 4) * 4))
    memory.copy(o + <usize>first * 4, rows + from, run)
    for (let c = last; c < columns; c++) store<f32>(o + <usize>c * 4, load<f32>(rows + <usize>load<i32>(far + <usize>c * 4) * 4))
  }
}

function fillBiases(row: usize): void {
  for (let o = window, end = o + windowBytes, far = farColumns + <usize>(reach - origin) * 4; o < end; o += 4, far += 4) {
    store<f32>(o, load<f32>(row + <usize>load<i32>(far) * 4))
  }
}

/**
 * Scores of 4 queries with 8 keys. q: the first query; the next ones are `spread` rows further: 1, or 4, whose relative vectors are aligned
 * with each other and are loaded once for two queries. rel: window column of the last query's offset to the first key.
 */
@inline
function tile(spread: i32, q: usize, k: usize, rel: usize, s: usize, scoreBytes: usize): void {
  const next: usize = stateBytes * spread, end = q + <usize>headSize * 4, shift: usize = 4 * spread
  let c00 = splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00
  let pk = rel, pq = rel + headSize * windowBytes
  while (q < end) {
    const k0 = v128.load(k), k1 = v128.load(k, 16)
    let v = v128.load_splat<f32>(q + 3 * next), b = v128.load(pk, 16), d = v128.load(pq, 16)
    c30 = madd(k0, v128.load(pq), madd(v, f32x4.add(k0, v128.load(pk)), c30))
    c31 = madd(k1, d, madd(v, f32x4.add(k1, b), c31))
    v = v128.load_splat<f32>(q + 2 * next)
    if (spread == 1) { b = v128.load(pk, 4); d = v128.load(pq, 4) }
    c20 = madd(k0, d, madd(v, f32x4.add(k0, b), c20))
    b = v128.load(pk + 16 + shift); d = v128.load(pq + 16 + shift)
    c21 = madd(k1, d, madd(v, f32x4.add(k1, b), c21))
    v = v128.load_splat<f32>(q + next)
    if (spread == 1) { b = v128.load(pk, 8); d = v128.load(pq, 8) }
    c10 = madd(k0, d, madd(v, f32x4.add(k0, b), c10))
    b = v128.load(pk + 16 + 2 * shift); d = v128.load(pq + 16 + 2 * shift)
    c11 = madd(k1, d, madd(v, f32x4.add(k1, b), c11))
    v = v128.load_splat<f32>(q)
    if (spread == 1) { b = v128.load(pk, 12); d = v128.load(pq, 12) }
    c00 = madd(k0, d, madd(v, f32x4.add(k0, b), c00))
    b = v128.load(pk + 16 + 3 * shift); d = v128.load(pq + 16 + 3 * shift)
    c01 = madd(k1, d, madd(v, f32x4.add(k1, b), c01))
    q += 4; k += keyBytes; pk += windowBytes; pq += windowBytes
  }
  scoreBytes *= spread
  v128.store(s, c00); v128.store(s, c01, 16); s += scoreBytes
  v128.store(s, c10); v128.store(s, c11, 16); s += scoreBytes
  v128.store(s, c20); v128.store(s, c21, 16); s += scoreBytes
  v128.store(s, c30); v128.store(s, c31, 16)
}
function tileOfNeighbours(q: usize, k: usize, rel: usize, s: usize, scoreBytes: usize): void {
  tile(1, q, k, rel, s, scoreBytes)
}
function tileOfFourths(q: usize, k: usize, rel: usize, s: usize, scoreBytes: usize): void {
  tile(4, q, k, rel, s, scoreBytes)
}
/** As tileOfNeighbours, with biases: sums begin at what the distance adds. */
function tileWithBiases(q: usize, k: usize, rel: usize, s: usize, scoreBytes: usize): void {
  const end = q + <usize>headSize * 4
  let c00 = v128.load(rel, 12), c01 = v128.load(rel, 28), c10 = v128.load(rel, 8), c11 = v128.load(rel, 24)
  let c20 = v128.load(rel, 4), c21 = v128.load(rel, 20), c30 = v128.load(rel), c31 = v128.load(rel, 16)
  for (; q < end; q += 4, k += keyBytes) {
    const k0 = v128.load(k), k1 = v128.load(k, 16)
    let v = v128.load_splat<f32>(q)
    c00 = madd(k0, v, c00); c01 = madd(k1, v, c01)
    v = v128.load_splat<f32>(q + stateBytes)
    c10 = madd(k0, v, c10); c11 = madd(k1, v, c11)
    v = v128.load_splat<f32>(q + 2 * stateBytes)
    c20 = madd(k0, v, c20); c21 = madd(k1, v, c21)
    v = v128.load_splat<f32>(q + 3 * stateBytes)
    c30 = madd(k0, v, c30); c31 = madd(k1, v, c31)
  }
  v128.store(s, c00); v128.store(s, c01, 16); s += scoreBytes
  v128.store(s, c10); v128.store(s, c11, 16); s += scoreBytes
  v128.store(s, c20); v128.store(s, c21, 16); s += scoreBytes
  v128.store(s, c30); v128.store(s, c31, 16)
}

/**
 * Scores of m consecutive queries with n consecutive keys -> s; m is rounded up to 4 or 16, n to 8.
 * rel: window column of the first query's offset to the first key.
 */
function score(q: usize, k: usize, rel: usize, m: i32, n: i32, s: usize, scoreBytes: usize): void {
  if (relativeKind == BIAS) {
    for (let j = 0; j < n; j += 8, k += 32, rel += 32, s += 32) {
      for (let r = 0; r < m; r += 4) tileWithBiases(q + r * stateBytes, k, rel - <usize>(r + 3) * 4, s + r * scoreBytes, scoreBytes)
    }
    return
  }
  for (let j = 0; j < n; j += 8, k += 32, rel += 32, s += 32) {
    for (let r = 0; r < m; ) {
      if (m - r > 8) {
        for (const end = r + 4; r < end; r++) tileOfFourths(q + r * stateBytes, k, rel - <usize>(r + 12) * 4, s + r * scoreBytes, scoreBytes)
        r += 12
      } else {
        tileOfNeighbours(q + r * stateBytes, k, rel - <usize>(r + 3) * 4, s + r * scoreBytes, scoreBytes)
        r += 4
      }
    }
  }
}

/** s <- exp(s - max s) over bytes s … end, a multiple of 16; returns the sum. */
export function expRow(s: usize, end: usize): f32 {
  let top = v128.load(s), total = splat(0)
  for (let p = s; p < end; p += 16) top = larger(top, v128.load(p))
  top = splat(max4(top))
  for (let p = s; p < end; p += 16) {
    const v = exp4(f32x4.sub(v128.load(p), top))
    v128.store(p, v)
    total = f32x4.add(total, v)
  }
  return sum4(total)
}

/**
 * One head of `count` consecutive queries from row `row` on, the first at position `at` of its question: they see `prefix` tokens from row
 * `first` on (positions 0 …) and, if ownCount > 0, as many tokens from row `own` on (positions prefix …). Fills their part of `attended`;
 * up to 6 rows behind them are overwritten, so heads and questions go in rising order.
 */
export function attend(head: i32, row: i32, count: i32, at: i32, first: i32, prefix: i32, own: i32, ownCount: i32): void {
  const prefix8 = (prefix + 7) & ~7, scoreBytes = <usize>(prefix8 + ((ownCount + 7) & ~7)) * 4
  const column = <usize>(head * headSize), k = keys + column * keyBytes, v = values + (column >> 3) * valueBytes
  const ownScores = scores + <usize>prefix8 * 4, inverses = scores + GROUP * scoreBytes
  for (let g = 0; g < count; g += GROUP) {
    const m = min(GROUP, count - g), q = queries + (row + g) * stateBytes + column * 4, out = attended + (row + g) * stateBytes + column * 4
    const rel = window + <usize>(origin - at - g) * 4
    score(q, k + <usize>first * 4, rel, m, prefix, scores, scoreBytes)
    if (ownCount) score(q, k + <usize>own * 4, rel + <usize>prefix * 4, m, ownCount, ownScores, scoreBytes)
    for (let r = 0; r < m; r++) {
      const s = scores + r * scoreBytes
      for (let j = prefix; j < prefix8; j++) store<f32>(s + <usize>j * 4, MASKED)
      for (let j = <usize>(prefix8 + ownCount) * 4; j < scoreBytes; j += 4) store<f32>(s + j, MASKED)
      store<f32>(inverses + <usize>r * 4, <f32>1 / expRow(s, s + scoreBytes))
    }
    if (prefix) gemmFloat(scores, scoreBytes, v + <usize>first * 32, valueBytes, zeros, out, stateBytes, 32, m, prefix, headSize, PLAIN)
    const mode = prefix ? ADD : PLAIN
    if (ownCount) gemmFloat(ownScores, scoreBytes, v + <usize>own * 32, valueBytes, zeros, out, stateBytes, 32, m, ownCount, headSize, mode)
    for (let r = 0; r < m; r++) {
      const s = v128.load_splat<f32>(inverses + <usize>r * 4), o = out + r * stateBytes
      for (let p: usize = 0; p < <usize>headSize * 4; p += 16) v128.store(o + p, f32x4.mul(v128.load(o + p), s))
    }
  }
}

/** x[m][H] -> t[H][rowBytes], a multiple of 4 rows and columns at a time; the slack rows beyond m are read. */
export function transpose(x: usize, m: i32, t: usize, rowBytes: usize, H: i32): void {
  const row = <usize>H * 4
  for (let i = 0; i < m; i += 4, x += 4 * row, t += 16) {
    for (let j: usize = 0; j < row; j += 16) {
      const p = x + j, o = t + (j >> 2) * rowBytes
      const a = v128.load(p), b = v128.load(p + row), c = v128.load(p + 2 * row), d = v128.load(p + 3 * row)
      const e = v128.shuffle<i32>(a, b, 0, 4, 1, 5), f = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
      const g = v128.shuffle<i32>(a, b, 2, 6, 3, 7), h = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
      v128.store(o, v128.shuffle<i64>(e, f, 0, 2))
      v128.store(o + rowBytes, v128.shuffle<i64>(e, f, 1, 3))
      v128.store(o + 2 * rowBytes, v128.shuffle<i64>(g, h, 0, 2))
      v128.store(o + 3 * rowBytes, v128.shuffle<i64>(g, h, 1, 3))
    }
  }
}
