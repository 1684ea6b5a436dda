// The engine in a real page against PyTorch, on every tiny checkpoint of layout pairs whose architecture it knows.
import { describe, expect, it } from 'vitest'
import { FOLDERS, fixtureJson } from '../unit/checkpoint-source'
import { ROOT } from './launch'
import { useSources } from './sources'

// Longformer is onnxruntime's alone.
const KNOWN = FOLDERS.filter((name) => fixtureJson(`${name}/config.json`)['model_type'] !== 'longformer')
const addressOf = (name: string): string => `/@fs${ROOT}/tests/fixtures/checkpoints/${name}`
interface Outcome {
  error: number
  logits: number[][]
}
const BUILDS = ['relaxed', 'plain'] as const

describe('the engine on checkpoints in a cross-origin isolated page', () => {
  const sources = useSources()
  const ask = (name: string, more: object): Promise<Outcome> =>
    sources.call('checkpoints', 'onEngine', { folder: addressOf(name), golden: 'golden.json', arithmetic: 'float', workers: 1, ...more })

  it.each(KNOWN)('reproduces the logits of PyTorch within 1e-4 on both builds, with the same bytes from four workers: %s', async (name) => {
    for (const build of BUILDS) {
      const one = await ask(name, { build })
      expect(one.error).toBeLessThan(1e-4)
      expect(await ask(name, { build, workers: 4 })).toEqual(one)
    }
  })
  it('reproduces them where pairs are longer than the table of positions', async () => {
    for (const build of BUILDS) expect((await ask('deberta-v3-unigram', { build, golden: 'golden-long.json' })).error).toBeLessThan(1e-4)
  })
  it.each(KNOWN)('is close to PyTorch with 7-bit activations: %s', async (name) => {
    // as much as a self-test allows integers
    expect((await ask(name, { build: 'relaxed', arithmetic: 'int8' })).error).toBeLessThan(1.5)
  })
})

describe('the engine on checkpoints in a page that is not isolated', () => {
  const sources = useSources({ isIsolated: false })

  it.each(KNOWN)('reproduces the logits of PyTorch with a copy of the weights for each of four workers: %s', async (name) => {
    const asked = { folder: addressOf(name), golden: 'golden.json', arithmetic: 'float' }
    for (const build of BUILDS) {
      const { error } = await sources.call<Outcome>('checkpoints', 'onEngine', { ...asked, build, workers: 4 })
      expect(error).toBeLessThan(1e-4)
    }
  })
})
