// Four floats at a time: the elementary functions that everything else is made of.
// The build with relaxed SIMD fuses multiplication and addition; the plain one rounds twice. Nothing else differs, and both are deterministic
// on one machine, so results may differ between builds in the last digits only.

@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x)
}

/** a b + c */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  else return f32x4.add(f32x4.mul(a, b), c)
}

/** The larger of each pair; one instruction, unlike f32x4.max, which keeps NaN rules that no one needs here. */
@inline
export function larger(a: v128, b: v128): v128 {
  return f32x4.pmax(a, b)
}

@inline
export function smaller(a: v128, b: v128): v128 {
  return f32x4.pmin(a, b)
}

@inline
export function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
}

@inline
export function max4(v: v128): f32 {
  return max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)))
}

/** Four fp16 numbers at p as fp32, exactly: exponent and fraction moved into place make a number 2^112 times too small. Infinities are not expected. */
@inline
export function half4(p: usize): v128 {
  const h = v128.load_ext<u16>(p)
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13)
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16)
  return f32x4.mul(v128.or(magnitude, sign), splat(5192296858534827628530496329220096.0))
}

// 1.5 · 2^23: a float of this size has no fraction bits, so adding it rounds to the nearest integer and leaves that in the low bits.
const ROUND: f32 = 12582912.0

/** Nearest integers of |v| < 2^22, ties to even. */
@inline
export function round4(v: v128): v128 {
  return i32x4.sub(f32x4.add(v, splat(ROUND)), i32x4.splat(0x4b400000))
}

// Constants come from memory: V8 builds a v128 constant anew, in three instructions, wherever it is used.
const EXP = memory.data<f32>([
  -87, 1.44269504, -0.693359375, 2.1219444e-4, 1.987569150e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
  5.0000001201e-1, 1, 12582912,
])

@inline
function expConstant(i: usize): v128 {
  return v128.load_splat<f32>(EXP + i * 4)
}

/** exp for x <= 88, relative error below 2e-7 (Cephes expf); below -87 it stays at e^-87. */
@inline
export function exp4(x: v128): v128 {
  x = larger(expConstant(0), x)
  const rounded = madd(x, expConstant(1), expConstant(11))
  const n = f32x4.sub(rounded, expConstant(11))
  x = madd(n, expConstant(3), madd(n, expConstant(2), x))
  let p = madd(expConstant(4), x, expConstant(5))
  p = madd(p, x, expConstant(6))
  p = madd(p, x, expConstant(7))
  p = madd(p, x, expConstant(8))
  p = madd(p, x, expConstant(9))
  p = f32x4.add(madd(p, f32x4.mul(x, x), x), expConstant(10))
  return i32x4.add(p, i32x4.shl(rounded, 23)) // 2^n: the low bits of `rounded` are n, the others leave at the top
}

const GELU = memory.data<f32>([
  0.70710678118, 3.832506856900711, -3.832506856900711, 0.00022905065861350646, 0.0034082910107109506, 0.050955695062380861,
  0.18520832239976145, 1.128379143519084, -1.1791602954361697e-7, 0.000023547966471313185, 0.0010179625278914885, 0.014070470171167667,
  0.11098505178285362, 0.49746925110067538, 1, 0.5,
])

@inline
function geluConstant(i: usize): v128 {
  return v128.load_splat<f32>(GELU + i * 4)
}

/** x/2 (1 + erf(x/√2)), torch's exact GELU; erf by the rational minimax approximation of XLA (EmitErfF32). */
@inline
export function gelu4(x: v128): v128 {
  const y = larger(smaller(f32x4.mul(x, geluConstant(0)), geluConstant(1)), geluConstant(2))
  const z = f32x4.mul(y, y)
  const half = f32x4.mul(x, geluConstant(15))
  let p = madd(geluConstant(3), z, geluConstant(4))
  let q = madd(geluConstant(8), z, geluConstant(9))
  p = madd(p, z, geluConstant(5))
  p = madd(p, z, geluConstant(6))
  p = madd(p, z, geluConstant(7))
  q = madd(q, z, geluConstant(10))
  q = madd(q, z, geluConstant(11))
  q = madd(q, z, geluConstant(12))
  q = madd(q, z, geluConstant(13))
  q = madd(q, z, geluConstant(14))
  return madd(half, f32x4.div(f32x4.mul(y, p), q), half)
}

const TANH = memory.data<f32>([
  7.90531110763549805, -7.90531110763549805, -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8,
  1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3, 1.19825839466702e-6, 1.18534705686654e-4, 2.26843463243900e-3,
  4.89352518554385e-3,
])

@inline
function tanhConstant(i: usize): v128 {
  return v128.load_splat<f32>(TANH + i * 4)
}

/** tanh by the rational minimax approximation of Eigen (generic_fast_tanh_float). */
@inline
export function tanh4(x: v128): v128 {
  x = larger(smaller(x, tanhConstant(0)), tanhConstant(1))
  const z = f32x4.mul(x, x)
  let p = madd(tanhConstant(2), z, tanhConstant(3))
  let q = madd(tanhConstant(9), z, tanhConstant(10))
  p = madd(p, z, tanhConstant(4))
  p = madd(p, z, tanhConstant(5))
  p = madd(p, z, tanhConstant(6))
  p = madd(p, z, tanhConstant(7))
  p = madd(p, z, tanhConstant(8))
  q = madd(q, z, tanhConstant(11))
  q = madd(q, z, tanhConstant(12))
  return f32x4.div(f32x4.mul(x, p), q)
}
