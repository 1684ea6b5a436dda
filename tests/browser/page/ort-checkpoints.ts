// Runs checkpoints of layout pairs on onnxruntime-web in a real page, in a precision that they are compiled to there.
import { openOrt, openOrtReference } from '../../../src/adapters/ort/browser'
import { openCheckpoint, type ByteSource } from '../../../src/core/checkpoint'
import type { Arithmetic, PairsManifest, Precision } from '../../../src/core/types'
import { checkpointManifest, readPairsGolden, seekable } from '../../contract/engine-checkpoints'
import { largestError, scoreAll, topOneAgreement } from '../../contract/engine-golden'
import { OPTION_MODELS, optionItem, optionManifest, optionWeights } from '../../contract/option-models'
import { weightsIn } from '../../contract/weights-in'

interface Where {
  device: 'wasm' | 'webgpu'
  threads?: number
  arithmetic?: Arithmetic
  /** Of weights at a time, in WebAssembly; the whole model where it is left out. */
  segmentBytes?: number
}
export interface AskedCheckpoint extends Where {
  /** Address of a folder with a checkpoint in model.safetensors. */
  folder: string
  golden: string
  precision: Precision
  /** Every n-th golden question; all of them where it is left out. */
  every?: number
  /** What the model is made to read at most, where that is not what its golden file says. */
  mostTokens?: number
}
export interface CheckpointOutcome {
  error: number
  topOne: number
  logits: number[][]
}

export async function onOrt({ folder, golden, precision, every = 1, mostTokens, ...where }: AskedCheckpoint): Promise<CheckpointOutcome> {
  const get = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await (await fetch(`${folder}/${name}`)).arrayBuffer())
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']
  const sources: ByteSource[] = await Promise.all(
    names.map(async (name) => {
      const bytes = await get(name)
      return { name, bytes: bytes.length, read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)) }
    }),
  )
  const expected: unknown = JSON.parse(new TextDecoder().decode(await get(golden)))
  const { config, weights } = await openCheckpoint(folder, sources)
  const items = readPairsGolden(expected).filter((_, i) => i % every === 0)
  const whole = checkpointManifest(config, expected)
  const manifest = { ...whole, maxTokens: { pair: mostTokens ?? whole.maxTokens.pair } }
  const logits = await score(where, manifest, await weightsIn(weights, precision), precision, items)
  return { error: largestError(items, logits), topOne: topOneAgreement(items, logits), logits }
}

/** The largest error of each of these models of architecture-options.json, all of them where none are named. */
export async function optionErrors({ names, ...where }: Where & { names?: string[] }): Promise<Record<string, number>> {
  const errors: Record<string, number> = {}
  for (const [name, model] of Object.entries(OPTION_MODELS)) {
    if (names && !names.includes(name)) continue
    const items = [optionItem(model)]
    errors[name] = largestError(items, await score(where, optionManifest(model), optionWeights(model), 'fp32', items))
  }
  return errors
}

async function score(
  { segmentBytes, ...where }: Where,
  manifest: PairsManifest,
  bytes: Uint8Array,
  precision: Precision,
  items: Parameters<typeof scoreAll>[1],
): Promise<number[][]> {
  const model = { manifest, weights: seekable('weights.safetensors', bytes), precision }
  const { signal } = new AbortController()
  const scorer = await (segmentBytes === undefined
    ? openOrt(signal, { ...model, ...where })
    : openOrtReference(signal, model, segmentBytes))
  const logits = await scoreAll(scorer, items)
  await scorer.close()
  return logits
}
