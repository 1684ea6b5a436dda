// Turns the tensors of a file into what the kernels read. The host lays some rows of a tensor somewhere free and calls these; each row is
// widened to fp32 first, so every stored precision works with either arithmetic.
import { gemmFloat, PLAIN } from './kernels/gemm-float'
import { INT_BYTES, intTop, STEP } from './kernels/gemm-int'
import { addNorm } from './kernels/norm'
import { rotate, rotationBlock } from './kernels/rotate'
import { half4, larger, max4, splat } from './kernels/vector'
import {
  arithmetic, biasAt, epsilon, F16, F32, FLOAT, headCount, headSize, hidden, inputsOf, linearAt, outputsOf, Q8, relativeAt, relativeColumns, stateBytes,
} from './layout'

/** n numbers of kind F16 or F32 at src -> fp32 at dst, times factor; n is rounded up to 4, which src and dst must have room for. */
export function widen(src: usize, kind: i32, dst: usize, n: i32, factor: f32): void {
  const f = splat(factor)
  for (let j = 0; j < n; j += 4, dst += 16) v128.store(dst, f32x4.mul(kind == F32 ? v128.load(src + <usize>j * 4) : half4(src + <usize>j * 2), f))
}

@inline
function rowBytes(kind: i32, k: i32): usize {
  return kind == F32 ? <usize>k * 4 : kind == F16 ? <usize>k * 2 : kind == Q8 ? <usize>k : <usize>k >> 1
}

/** One row of k numbers of any kind -> fp32. Q8: (u - 128) scale; Q4: (nibble - 8) scale, low nibble first; blocks of 32, fp16 scales. */
export function widenRow(src: usize, scales: usize, kind: i32, dst: usize, k: i32, factor: f32): void {
  if (kind == F16 || kind == F32) {
    widen(src, kind, dst, k, factor)
    return
  }
  for (let j = 0; j < k; j += 32, scales += 2) {
    const scale = splat(f32x4.extract_lane(half4(scales), 0) * factor)
    if (kind == Q8) {
      for (let i = 0; i < 32; i += 4, src += 4, dst += 16) {
        const u = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(src)))
        v128.store(dst, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(u, i32x4.splat(128))), scale))
      }
    } else {
      for (let i = 0; i < 16; i++, src++, dst += 8) {
        const b = <i32>load<u8>(src)
        store<f32>(dst, <f32>((b & 15) - 8) * f32x4.extract_lane(scale, 0))
        store<f32>(dst, <f32>((b >> 4) - 8) * f32x4.extract_lane(scale, 0), 4)
      }
    }
  }
}

/** Rows first … first + count of a matrix [n][k] -> columns of fp32 panels [n/8][k][8] at dst. work: k floats. */
export function packPanels(src: usize, scales: usize, kind: i32, first: i32, count: i32, k: i32, dst: usize, factor: f32, work: usize): void {
  for (let i = first; i < first + count; i++, src += rowBytes(kind, k), scales += <usize>(k >> 5) * 2) {
    widenRow(src, scales, kind, work, k, factor)
    let o = dst + (<usize>(i >> 3) * k * 8 + (i & 7)) * 4
    for (let j = 0; j < k; j += 4, o += 128) {
      const v = v128.load(work + <usize>j * 4)
      v128.store32_lane(o, v, 0)
      v128.store32_lane(o, v, 1, 32)
      v128.store32_lane(o, v, 2, 64)
      v128.store32_lane(o, v, 3, 96)
    }
  }
}

/** Rows first … first + count of a linear layer's weights [n][k], times factor. work: k floats. */
export function packLinear(layer: i32, linear: i32, src: usize, scales: usize, kind: i32, first: i32, count: i32, factor: f32, work: usize): void {
  const k = inputsOf(linear), dst = linearAt(layer, linear)
  if (arithmetic == FLOAT) {
    packPanels(src, scales, kind, first, count, k, dst, factor, work)
    return
  }
  for (let i = first; i < first + count; i++, src += rowBytes(kind, k), scales += <usize>(k >> 5) * 2) {
    widenRow(src, scales, kind, work, k, factor)
    packColumn(work, k, dst, i, biasAt(layer, linear), outputsOf(linear))
  }
}

/** Rounds a row of fp32 weights to integers: column i of panels [n/8][k/STEP][8][STEP], its scale and its sum (see gemmInt). */
export function packColumn(row: usize, k: i32, panels: usize, i: i32, bias: usize, n: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) rotate(row, row, k)
  let most = splat(0)
  for (let j = 0; j < k; j += 4) most = larger(most, f32x4.abs(v128.load(row + <usize>j * 4)))
  const top = intTop(k), size = max<f32>(max4(most), 1e-20), inverse = top / size
  let total = 0, o = panels + (<usize>(i >> 3) * k * 8 + (i & 7) * STEP) * INT_BYTES
  for (let j = 0; j < k; j += STEP, o += 32) {
    for (let s = 0; s < STEP; s++) {
      const q = <i32>nearest<f32>(load<f32>(row + <usize>(j + s) * 4) * inverse)
      total += q
      if (ASC_FEATURE_RELAXED_SIMD) store<i8>(o + s, <i8>q)
      else store<i16>(o + <usize>s * 2, <i16>q)
    }
  }
  // x·w = (xR)·(wR) / block, and the unrotated product has no such factor
  const rotation: f32 = ASC_FEATURE_RELAXED_SIMD ? <f32>rotationBlock(k) : 1
  store<f32>(bias + <usize>(n + i) * 4, size / top / rotation)
  store<f32>(bias + <usize>(2 * n + i) * 4, <f32>total)
}

/** A layer's BIAS rows. table: fp32 [relativeColumns][heads], buckets rising. */
export function packBiases(layer: i32, table: usize): void {
  for (let h = 0; h < headCount; h++) {
    let o = relativeAt(layer) + <usize>(h * relativeColumns) * 4
    for (let r = relativeColumns - 1; r >= 0; r--, o += 4) store<f32>(o, load<f32>(table + <usize>(r * headCount + h) * 4))
  }
}

/**
 * The relative positions' projected keys (part 0) or queries (part 1) of a layer. rows: fp32 [relativeColumns][H], normalised; panels and bias
 * of the projection in fp32, the queries' already times 1/√(3d); work: [relativeColumns + 6][H].
 */
export function packRelative(layer: i32, part: i32, rows: usize, panels: usize, bias: usize, work: usize): void {
  gemmFloat(rows, stateBytes, panels, <usize>hidden * 32, bias, work, stateBytes, 32, relativeColumns, hidden, hidden, PLAIN)
  for (let h = 0; h < headCount; h++) {
    for (let d = 0; d < headSize; d++) {
      let o = relativeAt(layer) + <usize>((h * 2 + part) * headSize + d) * relativeColumns * 4
      let p = work + (relativeColumns - 1) * stateBytes + <usize>(h * headSize + d) * 4
      for (let r = 0; r < relativeColumns; r++, o += 4, p -= stateBytes) store<f32>(o, load<f32>(p))
    }
  }
}

/** LayerNorm of m rows in place. norm: gain, bias. work: a row. */
export function normalize(x: usize, norm: usize, m: i32, work: usize): void {
  memory.fill(work, 0, stateBytes)
  for (let i = 0; i < m; i++) addNorm(work, x + i * stateBytes, norm, 1, hidden, epsilon)
}
