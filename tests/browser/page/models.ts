// Opens scorers in a real page and says how far they are from PyTorch.
import { openEngine } from '../../../src/adapters/engine/browser'
import type { Build } from '../../../src/adapters/engine/simd'
import { openOrt } from '../../../src/adapters/ort/browser'
import { parseManifest } from '../../../src/core/manifest'
import type { ModelFileReader, Scorer } from '../../../src/core/ports'
import type { Arithmetic, Precision } from '../../../src/core/types'
import { largestError, readGolden, scoreAll, topOneAgreement, type GoldenItem } from '../../contract/engine-golden'

export { viewGpu } from '../../../src/adapters/browser/environment'

export interface Asked {
  /** Address of a model folder. */
  folder: string
  file: string
  precision: Precision
  golden: string
  /** Every n-th golden question; 1: all. */
  every: number
  /** Choose questions of one shape: at most this many prefix tokens. */
  longestPrefix?: number
}
export interface Outcome {
  error: number
  topOne: number
  questions: number
  description: string
  logits: number[][]
}

async function read(asked: Asked): Promise<{ weights: ModelFileReader; items: GoldenItem[]; manifest: ReturnType<typeof parseManifest> }> {
  const [manifest, bytes, golden] = await Promise.all([
    fetch(`${asked.folder}/model.json`).then((r) => r.json()),
    fetch(`${asked.folder}/${asked.file}`).then((r) => r.arrayBuffer()),
    fetch(asked.golden).then((r) => r.json()),
  ])
  const weights: ModelFileReader = {
    name: asked.file,
    bytes: bytes.byteLength,
    async *stream() {
      await Promise.resolve()
      for (let at = 0; at < bytes.byteLength; at += 4 << 20) yield new Uint8Array(bytes, at, Math.min(4 << 20, bytes.byteLength - at))
    },
  }
  const items = readGolden(golden).filter(
    (item, i) => i % asked.every === 0 && item.input.prefixIds.length <= (asked.longestPrefix ?? Infinity),
  )
  return { weights, items, manifest: parseManifest(manifest) }
}

async function outcome(scorer: Scorer, items: GoldenItem[]): Promise<Outcome> {
  const logits = await scoreAll(scorer, items)
  await scorer.close()
  return {
    error: largestError(items, logits),
    topOne: topOneAgreement(items, logits),
    questions: items.length,
    description: scorer.description,
    logits,
  }
}

export async function onEngine(asked: Asked & { workers: number; arithmetic: Arithmetic; build?: Build }): Promise<Outcome> {
  const { weights, items, manifest } = await read(asked)
  const { precision, arithmetic, workers, build } = asked
  const scorer = await openEngine(new AbortController().signal, {
    manifest,
    weights,
    precision,
    arithmetic,
    workers,
    ...(build ? { build } : {}),
  })
  return outcome(scorer, items)
}

export async function onOrt(asked: Asked & { device: 'wasm' | 'webgpu'; threads?: number }): Promise<Outcome> {
  const { weights, items, manifest } = await read(asked)
  const { precision, device, threads } = asked
  const scorer = await openOrt(new AbortController().signal, { manifest, weights, precision, device, ...(threads ? { threads } : {}) })
  return outcome(scorer, items)
}
