// Runs the properties of the engine's kernels (tests/unit/engine-kernels.ts) in a page, on the build with relaxed SIMD too, which Node 20 lacks.
import plain from '../../../src/adapters/engine/build/engine-plain-own.wasm?url'
import relaxed from '../../../src/adapters/engine/build/engine-relaxed-own.wasm?url'
import type { Build } from '../../../src/adapters/engine/simd'
import { openKernels } from '../../unit/engine-bench'
import { KERNEL_PROPERTIES } from '../../unit/engine-kernels'

/** What does not hold; empty when all is well. */
export async function failingKernels(build: Build): Promise<string[]> {
  const wasm = await (await fetch(build === 'plain' ? plain : relaxed)).arrayBuffer()
  const engine = await openKernels(wasm, build === 'relaxed')
  const failures: string[] = []
  for (const { title, check } of KERNEL_PROPERTIES) {
    try {
      check(engine)
    } catch (error) {
      failures.push(`${title}: ${String(error)}`)
    }
  }
  return failures
}
