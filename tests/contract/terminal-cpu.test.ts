// What the terminal computes with on the CPU: native onnxruntime, or the engine, which give the same answers. Rankings against PyTorch are in
// ort-checkpoints.test.ts and engine-checkpoints.test.ts.
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { openCpu, type Runtime } from '../../src/cli/cpu'
import type { Scorer } from '../../src/core/ports'
import type { Arithmetic, Precision } from '../../src/core/types'
import { FOLDERS, fixtureJson } from '../unit/checkpoint-source'
import { bytesReader, checkpointManifest, readPairsGolden } from './engine-checkpoints'
import { compileWeights } from './engine-compiled'
import { largestError, scoreAll } from './engine-golden'

const never = new AbortController().signal
const opened: Scorer[] = []
afterAll(async () => {
  for (const scorer of opened) await scorer.close()
})
const goldenOf = (folder: string) => readPairsGolden(fixtureJson(`${folder}/golden.json`))
const ENGINE_READS = FOLDERS.filter((folder) => !folder.startsWith('longformer'))
const BERT = 'bert-wordpiece'

async function open(folder: string, runtime: Runtime, precision: Precision = 'q8', arithmetic: Arithmetic = 'float'): Promise<Scorer> {
  const manifest = checkpointManifest(fixtureJson(`${folder}/config.json`), fixtureJson(`${folder}/golden.json`))
  const weights = bytesReader('weights', await compileWeights(folder, precision))
  const scorer = await openCpu(never, runtime, { manifest, weights, data: [], precision, arithmetic, mayUseHalf: true, workers: 2 })
  opened.push(scorer)
  return scorer
}

describe('the CPU in the terminal', () => {
  it.each([
    ['auto', 'float', 'onnxruntime, CPU, q8, float'],
    ['auto', 'int8', 'onnxruntime, CPU, q8, int8'],
    ['onnxruntime', 'float', 'onnxruntime, CPU, q8, float'],
    ['engine', 'float', 'engine, 2 workers, float'],
    ['engine', 'int8', 'engine, 2 workers, int8'],
  ] as const)('says what it computes with: %s, %s', async (runtime, arithmetic, description) => {
    expect((await open(BERT, runtime, 'q8', arithmetic)).description).toBe(description)
  })
  it('computes in numbers where weights are numbers, and says so', async () => {
    expect((await open(BERT, 'auto', 'fp16', 'int8')).description).toBe('onnxruntime, CPU, fp16, float')
  })
  it.each(ENGINE_READS)('gives the same logits either way, but for the last bits: %s', async (folder) => {
    const golden = goldenOf(folder)
    const logits = await scoreAll(await open(folder, 'engine'), golden)
    const items = golden.map((item, i) => ({ ...item, logits: logits[i]! }))
    expect(largestError(items, await scoreAll(await open(folder, 'onnxruntime'), items))).toBeLessThan(1e-4)
  })
  it('gives the same bytes every time', async () => {
    const golden = goldenOf(BERT)
    const first = await scoreAll(await open(BERT, 'auto'), golden)
    expect(await scoreAll(await open(BERT, 'auto'), golden)).toEqual(first)
  })
})

describe('where onnxruntime is not installed', () => {
  afterEach(() => vi.doUnmock('onnxruntime-node'))
  const remove = (): void => {
    vi.doMock('onnxruntime-node', () => {
      throw new Error('Cannot find module')
    })
  }

  it('auto takes the engine', async () => {
    remove()
    expect((await open(BERT, 'auto')).description).toBe('engine, 2 workers, float')
  })
  it('a model that the engine does not know is refused, and onnxruntime is named', async () => {
    remove()
    await expect(open('longformer-bpe', 'auto')).rejects.toMatchObject({
      code: 'device_unavailable',
      detail: { device: 'onnxruntime, CPU' },
    })
  })
  it('it cannot be asked for', async () => {
    remove()
    await expect(open(BERT, 'onnxruntime')).rejects.toMatchObject({ code: 'device_unavailable' })
  })
})

describe('a model that the engine does not know', () => {
  it('goes to onnxruntime', async () => {
    expect((await open('longformer-bpe', 'auto')).description).toBe('onnxruntime, CPU, q8, float')
  })
  it('is refused by the engine, by name', async () => {
    await expect(open('longformer-bpe', 'engine')).rejects.toMatchObject({ code: 'model_unsupported', detail: { value: '"longformer"' } })
  })
})
