// The properties of the kernels, on the build that only a browser runs without a flag.
import { openKernels } from '../../unit/engine-bench'
import { KERNEL_PROPERTIES } from '../../unit/engine-kernels'
import relaxed from '../../../src/adapters/engine/build/engine-relaxed-own.wasm?url'

/** Title of each property, and what was wrong; null where it holds. */
export async function checkKernels(): Promise<{ title: string; wrong: string | null }[]> {
  const engine = await openKernels(new Uint8Array(await (await fetch(relaxed)).arrayBuffer()), true)
  return KERNEL_PROPERTIES.map(({ title, check }) => {
    try {
      check(engine)
      return { title, wrong: null }
    } catch (error) {
      return { title, wrong: String(error) }
    }
  })
}
