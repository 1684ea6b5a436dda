// The written graphs of layout pairs on onnxruntime-node against PyTorch, on every tiny checkpoint: fed with the golden files' ids, since those
// cut a long first text from the left. The browser suite runs the same files in WebAssembly and on WebGPU.
import { afterAll, describe, expect, it } from 'vitest'
import { openOrtNode } from '../../src/adapters/ort/node'
import { openCheckpoint, type ByteSource } from '../../src/core/checkpoint'
import type { Scorer } from '../../src/core/ports'
import type { Arithmetic, PairsManifest, Precision } from '../../src/core/types'
import { FOLDERS, fixtureBytes, fixtureJson, fixtureSources } from '../unit/checkpoint-source'
import { bytesReader, checkpointManifest, readPairsGolden } from './engine-checkpoints'
import { widenWeights } from './engine-compiled'
import { largestError, scoreAll, topOneAgreement } from './engine-golden'
import { askedTensors, OPTION_MODELS, optionItem, optionManifest, optionWeights } from './option-models'
import { weightsIn } from './weights-in'

const GOLDENS = [...FOLDERS.map((folder) => [folder, 'golden.json'] as const), ['deberta-v3-unigram', 'golden-long.json'] as const]
const manifestOf = (folder: string, golden = 'golden.json'): PairsManifest =>
  checkpointManifest(fixtureJson(`${folder}/config.json`), fixtureJson(`${folder}/${golden}`))
const goldenOf = (folder: string, file = 'golden.json') => readPairsGolden(fixtureJson(`${folder}/${file}`))
const never = new AbortController().signal
const opened: Scorer[] = []
afterAll(async () => {
  for (const scorer of opened) await scorer.close()
})

async function open(
  folder: string,
  precision: Precision = 'fp32',
  bytes: Uint8Array = fixtureBytes(`${folder}/model.safetensors`),
  arithmetic: Arithmetic = 'float',
): Promise<Scorer> {
  const weights = bytesReader('model.safetensors', bytes)
  const scorer = await openOrtNode(never, { manifest: manifestOf(folder), weights, precision, arithmetic, device: 'cpu', threads: 1 })
  opened.push(scorer)
  return scorer
}
const compile = async (precision: Precision, sources: ByteSource[]): Promise<Uint8Array<ArrayBuffer>> =>
  weightsIn((await openCheckpoint('a test', sources)).weights, precision)
/** The weights of `part` with the tokenizer of the folder above it. */
const partSources = (folder: string, part: string): ByteSource[] => [
  ...fixtureSources(`${folder}/${part}`),
  ...fixtureSources(folder, ['config.json', 'model.safetensors', 'pytorch_model.bin']),
]

describe('the graph of a checkpoint', () => {
  it.each(GOLDENS)('reproduces the logits of PyTorch within 1e-4: %s, %s', async (folder, file) => {
    const golden = goldenOf(folder, file)
    const logits = await scoreAll(await open(folder), golden)
    expect(largestError(golden, logits)).toBeLessThan(1e-4)
    expect(topOneAgreement(golden, logits)).toBe(1)
  })
  it.each(FOLDERS)('gives a pair the same logit alone and among others, but for the last bits: %s', async (folder) => {
    const golden = goldenOf(folder).slice(0, 6)
    const scorer = await open(folder)
    const together = await scoreAll(scorer, golden)
    const alone: number[][] = []
    for (const { input } of golden) {
      const apart = input.pairs.map((pair) => ({ input: { ...input, pairs: [pair] }, logits: [] }))
      const logits: number[] = []
      for (const item of apart) logits.push(...(await scoreAll(scorer, [item]))[0]!)
      alone.push(logits)
    }
    const errors = together.flatMap((row, i) => row.map((logit, c) => Math.abs(logit - alone[i]![c]!)))
    expect(Math.max(...errors)).toBeLessThan(2e-5)
  })
})

describe('the graph of a compiled checkpoint', () => {
  it.each([
    ['in shards', 'deberta-v3-unigram', () => partSources('deberta-v3-unigram', 'sharded'), 1e-4],
    ['in half precision', 'deberta-v3-unigram', () => partSources('deberta-v3-unigram', 'fp16'), 1e-2],
    ['pickled', 'bert-wordpiece', () => fixtureSources('bert-wordpiece', ['model.safetensors']), 1e-4],
    ['pickled', 'deberta-v2-wordpiece', () => fixtureSources('deberta-v2-wordpiece', ['model.safetensors']), 1e-4],
  ] as const)('%s reproduces the logits of PyTorch: %s', async (_, folder, sources, most) => {
    const golden = goldenOf(folder)
    const logits = await scoreAll(await open(folder, 'fp32', await compile('fp32', sources())), golden)
    expect(largestError(golden, logits)).toBeLessThan(most)
  })
  // What rounding the weights costs these tiny random models, whose logits spread over several units; the numbers were measured, and doubled.
  const MOST = { fp16: 1e-2, q8: 0.8, q4: 9 }
  const PRECISIONS = ['fp16', 'q8', 'q4'] as const
  describe.each(FOLDERS)('%s', (folder) => {
    it.each(PRECISIONS)('computes with %s weights what it computes with them unpacked, and is near PyTorch', async (precision) => {
      const golden = goldenOf(folder)
      const bytes = await compile(precision, fixtureSources(folder))
      const packed = await scoreAll(await open(folder, precision, bytes), golden)
      const unpacked = await scoreAll(await open(folder, 'fp32', widenWeights(bytes)), golden)
      const apart = packed.flatMap((row, i) => row.map((logit, c) => Math.abs(logit - unpacked[i]![c]!)))
      expect(Math.max(...apart)).toBeLessThan(1e-4)
      expect(largestError(golden, packed)).toBeLessThan(MOST[precision])
    })
  })

  it.each(FOLDERS)('is near that in integers: %s', async (folder) => {
    const bytes = await compile('q8', fixtureSources(folder))
    const float = await scoreAll(await open(folder, 'q8', bytes), goldenOf(folder))
    const items = goldenOf(folder).map((item, i) => ({ ...item, logits: float[i]! }))
    // As much as a self-test allows integers.
    expect(largestError(items, await scoreAll(await open(folder, 'q8', bytes, 'int8'), items))).toBeLessThan(1.5)
  })
})

describe('the graph of every option', () => {
  it.each(Object.keys(OPTION_MODELS))('reproduces the logits of PyTorch within 1e-4: %s', async (name) => {
    const model = OPTION_MODELS[name]!
    const weights = bytesReader('model.safetensors', optionWeights(model))
    const scorer = await openOrtNode(never, { manifest: optionManifest(model), weights, precision: 'fp32', device: 'cpu', threads: 1 })
    opened.push(scorer)
    const items = [optionItem(model)]
    expect(largestError(items, await scoreAll(scorer, items))).toBeLessThan(1e-4)
  })
  it.each(Object.keys(OPTION_MODELS))('asks for the tensors that transformers saves: %s', (name) => {
    const model = OPTION_MODELS[name]!
    expect(askedTensors(model)).toEqual(model.tensors)
  })
})
