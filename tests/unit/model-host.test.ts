import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore, createMemoryModelStore } from '../../src/adapters/memory/stores'
import { openDirectorySource } from '../../src/adapters/node/source'
import type { Scorer } from '../../src/core/ports'
import type { Choice } from '../../src/jobs/load-model'
import { ModelHost } from '../../src/worker/model-host'

const choice: Choice = { modelId: 'default', precision: 'q8', device: 'cpu', arithmetic: 'float', workers: 1 }
const signal = new AbortController().signal
const expected = (JSON.parse(readFileSync('models/default/model.json', 'utf8')) as { selfTest: { logits: number[] } }).selfTest.logits

function createHost() {
  const events: string[] = []
  const open = (name: string): Promise<Scorer> => {
    events.push(`open ${name}`)
    return Promise.resolve({
      device: 'cpu',
      description: name,
      workers: 1,
      score: (_signal, inputs, onLogits) => Promise.resolve(inputs.forEach((_, i) => onLogits(i, Float32Array.from(expected)))),
      close: () => Promise.resolve(void events.push(`close ${name}`)),
    })
  }
  const host = new ModelHost({
    clock: createClock(),
    modelIds: ['default'],
    models: createMemoryModelStore(),
    cache: () => ({
      source: openDirectorySource('models/default'),
      store: createMemoryChunkStore(),
      sha256,
      exclusively: (_s, _n, work) => work(),
    }),
    isIsolated: true,
    openCpu: (_signal, { workers }) => open(`${workers} workers`),
    openGpu: () => open('gpu'),
    findGpu: () => Promise.resolve('none'),
  })
  const load = (change: Partial<Choice> = {}) => host.load(signal, { ...choice, ...change }, () => undefined)
  return { host, events, load }
}

describe('the model host', () => {
  it('opens the same choice once, also when it is asked for twice at a time', async () => {
    const { events, load } = createHost()
    const [a, b] = await Promise.all([load(), load()])
    expect([a === b, events]).toEqual([true, ['open 1 workers']])
  })
  it('closes the former model before it opens another', async () => {
    const { events, load } = createHost()
    await load()
    await load({ workers: 2 })
    expect(events).toEqual(['open 1 workers', 'close 1 workers', 'open 2 workers'])
  })
  it('keeps a model open while a run uses it, and closes it after that', async () => {
    const { host, events, load } = createHost()
    const first = await load()
    let end = (): void => undefined
    const run = host.use(first, () => new Promise<void>((resolve) => (end = resolve)))
    await load({ workers: 2 })
    const during = [...events]
    end()
    await run
    expect({ during, after: events.at(-1) }).toEqual({ during: ['open 1 workers', 'open 2 workers'], after: 'close 1 workers' })
  })
  it('loads again after a load that was aborted', async () => {
    const { host, load } = createHost()
    await expect(host.load(AbortSignal.abort(), choice, () => undefined)).rejects.toMatchObject({ code: 'aborted' })
    expect((await load()).scorer.description).toBe('1 workers')
  })
})
