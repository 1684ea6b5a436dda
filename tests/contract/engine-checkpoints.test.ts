// The engine in Node against PyTorch, on every tiny checkpoint whose architecture it knows: fed with the golden files' ids, since those cut a
// long first text from the left. The browser suite runs the same files on both builds.
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { host } from '../../src/adapters/engine/node'
import { openEngine, type EngineRequest, type Host } from '../../src/adapters/engine/open'
import { engineReads } from '../../src/adapters/engine/sizes'
import type { Scorer } from '../../src/core/ports'
import type { ModelInput, PairsManifest, Precision } from '../../src/core/types'
import { FOLDERS, fixtureBytes, fixtureJson } from '../unit/checkpoint-source'
import { bytesReader, checkpointManifest, readPairsGolden } from './engine-checkpoints'
import { compileWeights, widenWeights } from './engine-compiled'
import { largestError, scoreAll } from './engine-golden'

const manifestOf = (folder: string, golden = 'golden.json'): PairsManifest =>
  checkpointManifest(fixtureJson(`${folder}/config.json`), fixtureJson(`${folder}/${golden}`))
const reads = (folder: string): boolean => engineReads({ manifest: manifestOf(folder), precision: 'fp32', arithmetic: 'float' })
const KNOWN = FOLDERS.filter(reads)
const goldenOf = (folder: string, file = 'golden.json') => readPairsGolden(fixtureJson(`${folder}/${file}`))
const never = new AbortController().signal
const opened: Scorer[] = []

async function open(folder: string, more: Partial<EngineRequest> = {}, on: Host = host): Promise<Scorer> {
  const weights = bytesReader('model.safetensors', fixtureBytes(`${folder}/model.safetensors`))
  const request = { manifest: manifestOf(folder), weights, precision: 'fp32', arithmetic: 'float', workers: 1, build: 'plain' } as const
  const scorer = await openEngine(on, never, { ...request, ...more })
  opened.push(scorer)
  return scorer
}
afterAll(async () => {
  for (const scorer of opened) await scorer.close()
})

describe('the engine on checkpoints of layout pairs', () => {
  it('knows every architecture of the fixtures but Longformer', () => {
    const unknown = FOLDERS.filter((folder) => !reads(folder)).map((folder) => fixtureJson(`${folder}/config.json`)['model_type'])
    expect([...new Set(unknown)]).toEqual(['longformer'])
  })
  it.each(KNOWN)('reproduces the logits of PyTorch within 1e-4: %s', async (folder) => {
    const golden = goldenOf(folder)
    expect(largestError(golden, await scoreAll(await open(folder, { workers: 2 }), golden))).toBeLessThan(1e-4)
  })
  it('reproduces them where pairs are longer than the table of positions, which relative positions allow', async () => {
    const folder = 'deberta-v3-unigram'
    const golden = goldenOf(folder, 'golden-long.json')
    const scorer = await open(folder, { manifest: manifestOf(folder, 'golden-long.json') })
    expect(Math.max(...golden.flatMap(({ input }) => input.pairs.map(({ ids }) => ids.length)))).toBeGreaterThan(64)
    expect(largestError(golden, await scoreAll(scorer, golden))).toBeLessThan(1e-4)
  })
  it.each(KNOWN)('gives the same bytes with four workers, and with a memory for each: %s', async (folder) => {
    const golden = goldenOf(folder)
    const plainOwn = new URL('../../src/adapters/engine/build/engine-plain-own.wasm', import.meta.url)
    const own: Host = { ...host, canShareMemory: false, compile: () => WebAssembly.compile(Uint8Array.from(readFileSync(plainOwn))) }
    const one = await scoreAll(await open(folder), golden)
    expect(await scoreAll(await open(folder, { workers: 4 }), golden)).toEqual(one)
    expect(await scoreAll(await open(folder, { workers: 2 }, own), golden)).toEqual(one)
  })
  it.each(KNOWN)('gives a question the same bytes alone and among others, its pairs in any order: %s', async (folder) => {
    const golden = goldenOf(folder).slice(0, 6)
    const scorer = await open(folder)
    const together = await scoreAll(scorer, golden)
    const alone: number[][] = []
    for (const { input } of golden) {
      const [logits = []] = await scoreAll(scorer, [{ input: { ...input, pairs: [...input.pairs].reverse() }, logits: [] }])
      alone.push([...logits].reverse())
    }
    expect(alone).toEqual(together)
  })
})

describe('the engine on compiled checkpoints', () => {
  // How far rounding the weights moves these random models, whose logits lie units apart: measured, and doubled.
  const MOST = { fp32: 1e-4, fp16: 1e-4, q8: 0.8, q4: 9 }
  const compiled = async (folder: string, precision: Precision, more: Partial<EngineRequest> = {}): Promise<number[][]> => {
    const weights = bytesReader(`weights.${precision}.safetensors`, await compileWeights(folder, precision))
    return scoreAll(await open(folder, { weights, precision, ...more }), goldenOf(folder))
  }
  it.each(KNOWN.flatMap((folder) => (['fp32', 'fp16', 'q8', 'q4'] as const).map((precision) => ({ folder, precision }))))(
    'computes with the numbers that the file holds: $folder, $precision',
    async ({ folder, precision }) => {
      const golden = goldenOf(folder)
      const logits = await compiled(folder, precision)
      expect(largestError(golden, logits)).toBeLessThan(MOST[precision])
      const weights = bytesReader('widened.safetensors', widenWeights(await compileWeights(folder, precision)))
      const widened = await scoreAll(await open(folder, { weights }), golden)
      expect(largestError(withLogits(golden, widened), logits)).toBeLessThan(1e-4)
    },
  )
  it.each(KNOWN)('is close to that in integers: %s', async (folder) => {
    const exact = withLogits(goldenOf(folder), await compiled(folder, 'q8'))
    expect(largestError(exact, await compiled(folder, 'q8', { arithmetic: 'int8' }))).toBeLessThan(0.03)
  })
  it('refuses questions of another layout', async () => {
    const ids = Int32Array.of(1, 2)
    const input: ModelInput = { layout: 'shared-prefix', prefixIds: ids, contextTokens: 0, choiceIds: [ids] }
    const scoring = scoreAll(await open('bert-wordpiece'), [{ input, logits: [] }])
    await expect(scoring).rejects.toMatchObject({ code: 'model_unsupported', detail: { field: 'layout' } })
  })
})

const withLogits = <Item>(items: readonly Item[], logits: readonly number[][]) => items.map((item, i) => ({ ...item, logits: logits[i]! }))
