// The written graphs in half precision against PyTorch. onnxruntime's CPU computes them with numbers that are rounded between operators, a GPU also
// adds up in half precision: what a GPU with shader-f16 gives is tested where there is one. Mesa's software driver is one (scripts/software-gpu.mjs).
import * as ort from 'onnxruntime-node'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore } from '../../src/adapters/memory/stores'
import { openDirectorySource } from '../../src/adapters/node/source'
import { computesInHalf } from '../../src/adapters/ort/half'
import { openOrtNode } from '../../src/adapters/ort/node'
import { openScorer, type OrtRequest } from '../../src/adapters/ort/scorer'
import { openSession } from '../../src/adapters/ort/session'
import { openCheckpoint } from '../../src/core/checkpoint'
import { readSafetensors } from '../../src/core/compile/safetensors'
import { parseManifest } from '../../src/core/manifest'
import type { ModelFileReader, Scorer } from '../../src/core/ports'
import { openCachedFolder, type CacheDeps } from '../../src/jobs/cached-folder'
import { loadModel, type Choice, type ModelDeps } from '../../src/jobs/load-model'
import { FOLDERS, fixtureBytes, fixtureJson, fixtureSources } from '../unit/checkpoint-source'
import { bytesReader, checkpointManifest, readPairsGolden } from './engine-checkpoints'
import { largestError, readGolden, scoreAll, topOneAgreement } from './engine-golden'
import { OPTION_MODELS, optionItem, optionManifest, optionWeights } from './option-models'
import { weightsIn } from './weights-in'

const ROOT = resolve(import.meta.dirname, '../..')
const GOLDENS = [...FOLDERS.map((folder) => [folder, 'golden.json'] as const), ['deberta-v3-unigram', 'golden-long.json'] as const]
/** These logits spread over three to six units. Measured, and doubled: 0.011 rounded between operators, 0.036 on a GPU. */
const MOST = { cpu: 0.025, gpu: 0.075 }
const never = new AbortController().signal
const opened: Scorer[] = []
afterAll(async () => {
  for (const scorer of opened) await scorer.close()
})
const keep = async (opening: Promise<Scorer>): Promise<Scorer> => {
  const scorer = await opening
  opened.push(scorer)
  return scorer
}

const OPTIONS = { executionProviders: ['cpu'], logSeverityLevel: 3, intraOpNumThreads: 1 } as const
const openHalfOnCpu = (request: OrtRequest, onOpen: () => void = () => undefined): Promise<Scorer> =>
  keep(
    openScorer(never, request, {
      name: 'half precision',
      device: 'webgpu',
      budget: 512,
      computesInHalf: () => Promise.resolve(true),
      open: (graph) => {
        onOpen()
        return openSession(ort, graph, OPTIONS)
      },
    }),
  )
const openOnGpu = (request: OrtRequest): Promise<Scorer> => keep(openOrtNode(never, { ...request, device: 'webgpu' }))

const checkpoints = new Map<string, Promise<OrtRequest>>()
function checkpoint(folder: string, golden: string): Promise<OrtRequest> {
  const make = async (): Promise<OrtRequest> => {
    const { weights } = await openCheckpoint('a test', fixtureSources(folder))
    const manifest = checkpointManifest(fixtureJson(`${folder}/config.json`), fixtureJson(`${folder}/${golden}`))
    return { manifest, weights: bytesReader('weights', await weightsIn(weights, 'fp16')), precision: 'fp16' }
  }
  const request = checkpoints.get(folder + golden) ?? make()
  checkpoints.set(folder + golden, request)
  return request
}
const goldenOf = (folder: string, file: string) => readPairsGolden(fixtureJson(`${folder}/${file}`))

function embedded(every: number) {
  const folder = `${ROOT}/models/default`
  const path = `${folder}/weights.fp16.safetensors`
  const weights: ModelFileReader = {
    name: 'weights',
    bytes: statSync(path).size,
    stream: () => createReadStream(path) as AsyncIterable<Uint8Array>,
  }
  const manifest = parseManifest(JSON.parse(readFileSync(`${folder}/model.json`, 'utf8')))
  const golden = readGolden(JSON.parse(readFileSync(`${ROOT}/tests/fixtures/default/golden.json`, 'utf8')))
  return { request: { manifest, weights, precision: 'fp16' } satisfies OrtRequest, items: golden.filter((_, i) => i % every === 0) }
}

describe('the graph in half precision', () => {
  it.each(GOLDENS)('is near the logits of PyTorch, and ranks as it does: %s, %s', async (folder, file) => {
    const golden = goldenOf(folder, file)
    const logits = await scoreAll(await openHalfOnCpu(await checkpoint(folder, file)), golden)
    expect(largestError(golden, logits)).toBeLessThan(MOST.cpu)
    expect(topOneAgreement(golden, logits)).toBe(1)
  })
  it.each(Object.keys(OPTION_MODELS))('is near them with every option: %s', async (name) => {
    const model = OPTION_MODELS[name]!
    const weights = bytesReader('weights', optionWeights(model))
    const items = [optionItem(model)]
    const logits = await scoreAll(await openHalfOnCpu({ manifest: optionManifest(model), weights, precision: 'fp16' }), items)
    expect(largestError(items, logits)).toBeLessThan(MOST.cpu)
  })
  it('is near the logits of the embedded model, and ranks as PyTorch does', async () => {
    const { request, items } = embedded(6)
    const logits = await scoreAll(await openHalfOnCpu(request), items)
    expect(largestError(items, logits)).toBeLessThan(MOST.cpu)
    expect(topOneAgreement(items, logits)).toBe(1)
  })
})

describe('a scorer in half precision', () => {
  const [folder, file] = ['bert-wordpiece', 'golden.json']

  it('computes again in 32 bits what is too large for 16', async () => {
    const { manifest } = await checkpoint(folder, file)
    const golden = goldenOf(folder, file)
    const sessions = { count: 0 }
    const weights = bytesReader(
      'weights',
      growValues(fixtureBytes(`${folder}/model.safetensors`), 'bert.encoder.layer.0.attention', 2 ** 19),
    )
    const scorer = await openHalfOnCpu({ manifest, weights, precision: 'fp16' }, () => sessions.count++)
    const logits = await scoreAll(scorer, golden)
    expect({ isNear: largestError(golden, logits) < MOST.cpu, sessions: sessions.count }).toEqual({ isNear: true, sessions: 2 })
  })
  it('says so, and computes in 32 bits where it is told to', async () => {
    const request = await checkpoint(folder, file)
    const golden = goldenOf(folder, file)
    const [half, full] = [await openHalfOnCpu(request), await openHalfOnCpu({ ...request, mayUseHalf: false })]
    expect([half, full].map(({ description, isHalf }) => [description, isHalf])).toEqual([
      ['half precision, fp16, computed in 16 bits', true],
      ['half precision, fp16', false],
    ])
    expect(largestError(golden, await scoreAll(full, golden))).toBeLessThan(1e-2) // what rounding the weights costs
  })
  it.each(['fp32', 'q8'] as const)('is for weights of 16 bits alone: %s', async (precision) => {
    const { weights } = await openCheckpoint('a test', fixtureSources(folder))
    const { manifest } = await checkpoint(folder, file)
    const scorer = await openHalfOnCpu({ manifest, weights: bytesReader('weights', await weightsIn(weights, precision)), precision })
    expect(scorer.isHalf).toBe(false)
  })
})

/** The values of a layer times `factor`, and its output projection divided by it: the same model, with larger numbers in between. */
function growValues(file: Uint8Array<ArrayBuffer>, attention: string, factor: number): Uint8Array {
  const { tensors } = readSafetensors('weights', file, file.length)
  const bytes = file.slice()
  const scale = (name: string, by: number): void => {
    const { offset, bytes: length } = tensors.get(name)!
    const values = new Float32Array(bytes.slice(offset, offset + length).buffer).map((value) => value * by)
    bytes.set(new Uint8Array(values.buffer), offset)
  }
  for (const part of ['weight', 'bias']) scale(`${attention}.self.value.${part}`, factor)
  scale(`${attention}.output.dense.weight`, 1 / factor)
  return bytes
}

const hasGpu = await computesInHalf(ort, { ...OPTIONS, executionProviders: ['webgpu'] })
describe.skipIf(!hasGpu)('a GPU that computes in half precision (skipped where onnxruntime finds none with shader-f16)', () => {
  it.each(GOLDENS)('is near the logits of PyTorch, and ranks as it does, near-ties aside: %s, %s', async (folder, file) => {
    const golden = goldenOf(folder, file)
    const scorer = await openOnGpu(await checkpoint(folder, file))
    const logits = await scoreAll(scorer, golden)
    expect({ isHalf: scorer.isHalf, isNear: largestError(golden, logits) < MOST.gpu }).toEqual({ isHalf: true, isNear: true })
    expect(topOneAgreement(golden, logits)).toBeGreaterThanOrEqual(0.9)
  })
  it.each(FOLDERS)('reproduces the logits of 32 bits within 1e-3 where it is told to: %s', async (folder) => {
    const golden = goldenOf(folder, 'golden.json').slice(0, 6)
    const request = await checkpoint(folder, 'golden.json')
    const cpu = await scoreAll(await keep(openOrtNode(never, { ...request, device: 'cpu', threads: 1 })), golden)
    const gpu = await scoreAll(await openOnGpu({ ...request, mayUseHalf: false }), golden)
    expect(largestError(golden.map((item, i) => ({ ...item, logits: cpu[i]! })), gpu)).toBeLessThan(1e-3) // prettier-ignore
  })
  it('is near the logits of the embedded model', async () => {
    const { request, items } = embedded(23)
    expect(largestError(items, await scoreAll(await openOnGpu(request), items))).toBeLessThan(MOST.gpu)
  }, 180_000)
  it('is accepted by the self-test of the embedded model', async () => {
    const { request } = embedded(1)
    const cache: CacheDeps = {
      source: openDirectorySource(`${ROOT}/models/default`),
      store: createMemoryChunkStore(),
      sha256,
      exclusively: (_signal, _name, work) => work(),
    }
    const folder = openCachedFolder(request.manifest, cache, () => undefined)
    const openGpu: ModelDeps['openGpu'] = (signal, { workers: _, ...asked }) => openOrtNode(signal, { ...asked, device: 'webgpu' })
    const deps: ModelDeps = { clock: createClock(), openGpu, openCpu: openGpu, findGpu: () => Promise.resolve('none') }
    const choice: Choice = { modelId: 'default', precision: 'fp16', device: 'webgpu', arithmetic: 'float', workers: 0 }
    const { scorer, selfTestError } = await loadModel(never, folder, choice, deps)
    opened.push(scorer)
    expect({ isHalf: scorer.isHalf, isNear: selfTestError < MOST.gpu }).toEqual({ isHalf: true, isNear: true })
  }, 180_000)
})
