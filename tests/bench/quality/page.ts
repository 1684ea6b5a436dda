// Logits by a device of the page.
import { openEngine } from '../../../src/adapters/engine/browser'
import { openOrt } from '../../../src/adapters/ort/browser'
import { parseManifest } from '../../../src/core/manifest'
import type { ModelFileReader } from '../../../src/core/ports'
import { scoreAll, type Errand } from './devices'

export async function answer({ device, folder, file, precision, inputs }: Errand): Promise<number[][]> {
  const signal = new AbortController().signal
  const manifest = parseManifest(await (await fetch(`${folder}/model.json`)).json())
  const bytes = await (await fetch(`${folder}/${file}`)).arrayBuffer()
  const weights: ModelFileReader = {
    name: file,
    bytes: bytes.byteLength,
    async *stream() {
      await Promise.resolve()
      for (let at = 0; at < bytes.byteLength; at += 4 << 20) yield new Uint8Array(bytes, at, Math.min(4 << 20, bytes.byteLength - at))
    },
  }
  const scorer =
    device.runs === 'engine'
      ? await openEngine(signal, { manifest, weights, precision, arithmetic: device.arithmetic, workers: 2 })
      : await openOrt(signal, { manifest, weights, precision, device: device.runs === 'webgpu' ? 'webgpu' : 'wasm', threads: 2 })
  return scoreAll(scorer, inputs)
}
