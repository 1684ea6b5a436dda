// What becomes of half precision when a model is opened: it is for a model that has a self-test, on a device that passes it.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore } from '../../src/adapters/memory/stores'
import { openDirectorySource } from '../../src/adapters/node/source'
import { AppError } from '../../src/core/errors'
import { parseManifest } from '../../src/core/manifest'
import type { Scorer } from '../../src/core/ports'
import type { Manifest } from '../../src/core/types'
import { openCachedFolder } from '../../src/jobs/cached-folder'
import { loadModel, type LoadedModel, type ModelDeps, type OpenRequest } from '../../src/jobs/load-model'

const signal = new AbortController().signal
const manifest = parseManifest(JSON.parse(readFileSync('models/default/model.json', 'utf8')))
const right = manifest.selfTest!.logits
type Score = (logits: number[]) => Promise<number[]>
const passes: Score = (logits) => Promise.resolve(logits)
const isOff: Score = (logits) => Promise.resolve(logits.map((logit) => logit + 1))
const aborts: Score = () => Promise.reject(new AppError('aborted'))

/** Opens the model on a GPU whose half precision computes with `half`, and its 32 bits with `full`. */
async function load({ half = passes, full = passes, model = manifest }: { half?: Score; full?: Score; model?: Manifest }) {
  const events: string[] = []
  const openGpu = (_signal: AbortSignal, request: OpenRequest): Promise<Scorer> => {
    const name = request.mayUseHalf ? 'half' : 'full'
    events.push(`open ${name}`)
    return Promise.resolve({
      device: 'webgpu',
      description: name,
      workers: 1,
      isHalf: request.mayUseHalf,
      score: async (_s, _inputs, onLogits) => onLogits(0, Float32Array.from(await (request.mayUseHalf ? half : full)(right))),
      close: () => Promise.resolve(void events.push(`close ${name}`)),
    })
  }
  const deps: ModelDeps = { clock: createClock(), openGpu, openCpu: openGpu, findGpu: () => Promise.resolve('none') }
  const folder = openCachedFolder(
    model,
    { source: openDirectorySource('models/default'), store: createMemoryChunkStore(), sha256, exclusively: (_s, _n, work) => work() },
    () => undefined,
  )
  const choice = { modelId: 'default', precision: 'fp16', device: 'webgpu', arithmetic: 'float', workers: 0 } as const
  const outcome = await loadModel(signal, folder, choice, deps).catch((error: unknown) => error as AppError)
  return { events, outcome }
}

describe('half precision', () => {
  it('is used where it passes the self-test', async () => {
    const { events, outcome } = await load({})
    expect([events, (outcome as LoadedModel).scorer.isHalf]).toEqual([['open half'], true])
  })
  it('may be as far off as sums in 16 bits are', async () => {
    const { events } = await load({ half: (logits) => Promise.resolve(logits.map((logit) => logit + 0.2)) })
    expect(events).toEqual(['open half'])
  })
  it('gives way to 32 bits on the same device where it fails', async () => {
    const { events, outcome } = await load({ half: isOff })
    expect([events, (outcome as LoadedModel).scorer.description]).toEqual([['open half', 'close half', 'open full'], 'full'])
  })
  it('gives way to 32 bits where the device cannot run it', async () => {
    const { events } = await load({ half: () => Promise.reject(new AppError('device_unavailable', { device: 'a GPU', reason: 'a test' })) })
    expect(events).toEqual(['open half', 'close half', 'open full'])
  })
  it('is tried once: a device that fails in 32 bits too is refused', async () => {
    const { events, outcome } = await load({ half: isOff, full: isOff })
    expect([events, (outcome as AppError).code]).toEqual([['open half', 'close half', 'open full', 'close full'], 'self_test_failed'])
  })
  it('is not opened again after an abort', async () => {
    const { events, outcome } = await load({ half: aborts })
    expect([events, (outcome as AppError).code]).toEqual([['open half', 'close half'], 'aborted'])
  })
  it('is not used for a model without a self-test', async () => {
    const { events } = await load({ model: { ...manifest, selfTest: null } })
    expect(events).toEqual(['open full'])
  })
})
