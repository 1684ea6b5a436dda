// Runs tiny checkpoints of layout pairs on the engine in a real page.
import { openEngine } from '../../../src/adapters/engine/browser'
import type { Build } from '../../../src/adapters/engine/simd'
import type { Arithmetic } from '../../../src/core/types'
import { bytesReader, checkpointManifest, readPairsGolden } from '../../contract/engine-checkpoints'
import { largestError, scoreAll } from '../../contract/engine-golden'

export interface AskedCheckpoint {
  /** Address of a folder with config.json and model.safetensors. */
  folder: string
  golden: string
  build: Build
  workers: number
  arithmetic: Arithmetic
}

/** How far the logits are from PyTorch, and the logits. */
export async function onEngine({ folder, golden, ...asked }: AskedCheckpoint): Promise<{ error: number; logits: number[][] }> {
  const [config, expected, bytes] = await Promise.all([
    fetch(`${folder}/config.json`).then((r) => r.json() as Promise<Record<string, unknown>>),
    fetch(`${folder}/${golden}`).then((r) => r.json() as Promise<unknown>),
    fetch(`${folder}/model.safetensors`).then((r) => r.arrayBuffer()),
  ])
  const scorer = await openEngine(new AbortController().signal, {
    manifest: checkpointManifest(config, expected),
    weights: bytesReader('model.safetensors', new Uint8Array(bytes)),
    precision: 'fp32',
    ...asked,
  })
  const items = readPairsGolden(expected)
  const logits = await scoreAll(scorer, items)
  await scorer.close()
  return { error: largestError(items, logits), logits }
}
