// Which kernels of the build with relaxed SIMD to use on this machine. Every choice gives the same numbers, so a wrong one costs time only.
//
// Tall tiles of the float product are faster where the compiler adds in place (V8 from 13 on), low ones elsewhere. The integer product in
// one instruction is twice as fast as in two steps where processor and compiler have it (AVX-VNNI, ARM's dot product), and slower elsewhere. A page cannot
// ask for either, but it can measure.
//
// V8 11.3 (Node 20 with its flag, Chromium 113) compiles i32x4.relaxed_dot_i8x16_i7x16_add_s wrongly in Liftoff, its baseline compiler, when
// certain registers coincide, and without AVX i16x8.relaxed_dot_i8x16_i7x16_s too; once optimized the code is right. So an integer product
// is used only if its very first tile is right.
import { createMemory, openKernels, type EngineExports, type GemmInt } from './wasm'

export interface Choice {
  /** Tiles of six rows, not four, in the float product. */
  isTall: boolean
  /** The integer product in one instruction, not two. */
  isFused: boolean
}
export const PLAIN: Choice = { isTall: false, isFused: false }

const [ROWS, K, COLUMNS] = [12, 384, 64] as const
const ROUNDS = 40
// Addresses in a memory of its own.
const [A, SCALES, W, C, BYTES] = [1 << 17, 1 << 18, 3 << 17, 1 << 19, 1 << 20] as const

/** null if integers are asked for and no product of them is right here. */
export async function chooseKernels(module: WebAssembly.Module, isShared: boolean, isInt: boolean): Promise<Choice | null> {
  const memory = createMemory(BYTES, isShared)
  const engine = await openKernels(module, memory)
  let isFused = false
  if (isInt) {
    const [canFuse, canStep] = [isRight(engine.gemmIntFused, memory), isRight(engine.gemmIntTwoStep, memory)]
    if (!canStep) return null
    const inInts = (product: GemmInt) => () => {
      product(A, SCALES, W, C, COLUMNS * 4, 32, ROWS, K, COLUMNS, 0)
    }
    isFused = canFuse && isFirstFaster(inInts(engine.gemmIntFused), inInts(engine.gemmIntTwoStep))
  }
  return { isTall: isFirstFaster(inFloats(engine, 1), inFloats(engine, 0)), isFused }
}

const inFloats =
  ({ setTall, gemmFloat }: EngineExports, isTall: number): (() => void) =>
  () => {
    setTall(isTall)
    gemmFloat(A, K * 4, W, K * 32, SCALES, C, COLUMNS * 4, 32, ROWS, K, COLUMNS, 0)
  }

function isFirstFaster(first: () => void, second: () => void): boolean {
  const time = (work: () => void): number => {
    const startedAt = performance.now()
    for (let i = 0; i < 4; i++) work()
    return performance.now() - startedAt
  }
  let [one, other] = [Infinity, Infinity]
  for (let round = 0; round < ROUNDS; round++) {
    one = Math.min(one, time(first))
    other = Math.min(other, time(second))
  }
  return one < other
}

/** A whole tile, every one of its sums, against JavaScript. */
function isRight(product: GemmInt, { buffer }: WebAssembly.Memory): boolean {
  const [rows, k, columns] = [6, 8, 8] as const
  const [a, w] = [new Int8Array(buffer, A, rows * k), new Int8Array(buffer, W, k * columns)]
  for (let i = 0; i < a.length; i++) a[i] = (i * 37 + 90) % 128
  for (let i = 0; i < w.length; i++) w[i] = ((i * 101) % 255) - 127
  const scales = new Float32Array(buffer, SCALES, rows * 2)
  for (let i = 0; i < scales.length; i++) scales[i] = i % 2 === 0 ? 1 : 0
  new Float32Array(buffer, W + w.length, 3 * columns).fill(0).fill(1, columns, 2 * columns) // no bias, scale 1
  product(A, SCALES, W, C, columns * 4, 32, rows, k, columns, 0)
  return new Float32Array(buffer, C, rows * columns).every((sum, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    let expected = 0
    for (let j = 0; j < k; j++) expected += (a[row * k + j] ?? 0) * (w[(j >> 2) * 32 + column * 4 + (j & 3)] ?? 0)
    return sum === expected
  })
}
