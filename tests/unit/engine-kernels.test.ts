import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { hasRelaxedSimd } from '../../src/adapters/engine/simd'
import { openKernels } from './engine-bench'
import { KERNEL_PROPERTIES } from './engine-kernels'

const wasmOf = (build: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(new URL(`../../src/adapters/engine/build/engine-${build}-own.wasm`, import.meta.url)))

describe('the kernels of the plain build', async () => {
  const engine = await openKernels(wasmOf('plain'), false)
  for (const { title, check } of KERNEL_PROPERTIES) {
    it(title, () => {
      check(engine)
    })
  }
})

// Node 20 has relaxed SIMD behind a flag only; there the browser suite runs these.
describe.skipIf(!hasRelaxedSimd())('the kernels of the build with relaxed SIMD', () => {
  for (const { title, check } of KERNEL_PROPERTIES) {
    it(title, async () => {
      check(await openKernels(wasmOf('relaxed'), true))
    })
  }
})
