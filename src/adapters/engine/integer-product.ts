// Which build and which integer product to trust here. Both products give the same integers; the one in a single instruction is four times
// faster with AVX-VNNI or ARM's dot products and a little slower elsewhere, which a page cannot ask for but can measure.
// V8 11.3 (Node 20 with its flag, Chromium 113) compiles i32x4.relaxed_dot_i8x16_i7x16_add_s wrongly in Liftoff, its baseline compiler, when
// certain registers coincide, and without AVX i16x8.relaxed_dot_i8x16_i7x16_s too; once optimized the code is right. So a product is used
// only if its very first tile is right.
import { createMemory, openKernels, type EngineExports } from './wasm'

export type IntegerProduct = 'fused' | 'two-step'

const [ROWS, K, COLUMNS] = [12, 384, 64] as const
const ROUNDS = 40
// Addresses in a memory of its own.
const [A, SCALES, W, C, BYTES] = [1 << 17, 1 << 18, 3 << 17, 1 << 19, 1 << 20] as const

/** For a module with relaxed SIMD: the faster of the products that are right, null if none is. */
export async function chooseProduct(module: WebAssembly.Module, isShared: boolean): Promise<IntegerProduct | null> {
  const memory = createMemory(BYTES, isShared)
  const engine = await openKernels(module, memory)
  const fits = { fused: isRight(engine.gemmIntFused, memory), 'two-step': isRight(engine.gemmIntTwoStep, memory) }
  if (!fits.fused) return fits['two-step'] ? 'two-step' : null
  return isFusedFaster(engine) ? 'fused' : 'two-step'
}

/** A whole tile, every one of its sums, against JavaScript. */
function isRight(product: EngineExports['gemmIntFused'], { buffer }: WebAssembly.Memory): boolean {
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

function isFusedFaster({ gemmIntFused, gemmIntTwoStep }: EngineExports): boolean {
  const time = (product: EngineExports['gemmIntFused']): number => {
    const startedAt = performance.now()
    for (let i = 0; i < 4; i++) product(A, SCALES, W, C, COLUMNS * 4, 32, ROWS, K, COLUMNS, 0)
    return performance.now() - startedAt
  }
  let [fused, twoStep] = [Infinity, Infinity]
  for (let round = 0; round < ROUNDS; round++) {
    fused = Math.min(fused, time(gemmIntFused))
    twoStep = Math.min(twoStep, time(gemmIntTwoStep))
  }
  return fused < twoStep
}
