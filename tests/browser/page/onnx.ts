// Makes model folders of the .onnx fixtures in a page and says how far their logits are from PyTorch's.
import { openOrt } from '../../../src/adapters/ort/browser'
import { compileOnnx, errorOf, goldenItems, never, requestOf, type Kind, type ReadFixture } from '../../contract/onnx-models'

interface Asked {
  /** The address of tests/fixtures. */
  fixtures: string
  kind: Kind
  device: 'wasm' | 'webgpu'
  /** Every n-th golden question; 1: all. */
  every: number
}

export async function errorOnDevice({ fixtures, kind, device, every }: Asked): Promise<number> {
  const read: ReadFixture = async (path) => new Uint8Array(await (await fetch(`${fixtures}/${path}`)).arrayBuffer())
  const scorer = await openOrt(never, { ...requestOf(await compileOnnx(kind, read)), device, threads: 1 })
  const items = await goldenItems(read, kind)
  return errorOf(
    scorer,
    items.filter((_, i) => i % every === 0),
  )
}
