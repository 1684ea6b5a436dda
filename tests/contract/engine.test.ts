// The engine in Node against PyTorch: tests/fixtures/default/golden.json was made by models/recipe/make_golden.py from the fp16 weights of
// models/default (its header names the command and versions). tests/browser runs these checks in a page.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createWorker, host, portOf } from '../../src/adapters/engine/node'
import { openEngine, type EngineRequest, type Host } from '../../src/adapters/engine/open'
import { parseManifest } from '../../src/core/manifest'
import type { ModelFileReader, Scorer } from '../../src/core/ports'
import { largestError, readGolden, scoreAll, topOneAgreement, type GoldenItem } from './engine-golden'

const ROOT = resolve(import.meta.dirname, '../..')
const MODEL = join(ROOT, 'models/default')
const manifest = parseManifest(JSON.parse(readFileSync(join(MODEL, 'model.json'), 'utf8')))
const golden = readGolden(JSON.parse(readFileSync(join(ROOT, 'tests/fixtures/default/golden.json'), 'utf8')))
/** A sixth of them, spread over all kinds. */
const some = golden.filter((_, i) => i % 6 === 1)
const never = new AbortController().signal
const opened: Scorer[] = []

function weightsOf(precision: 'fp16' | 'q8', chunkBytes = 4 << 20): ModelFileReader {
  const name = `weights.${precision}.safetensors`
  const path = join(MODEL, name)
  return {
    name,
    bytes: statSync(path).size,
    stream: () => createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Uint8Array>,
  }
}
async function open(precision: 'fp16' | 'q8', more: Partial<EngineRequest> = {}, on: Host = host): Promise<Scorer> {
  const request = { manifest, weights: weightsOf(precision), precision, arithmetic: 'float', workers: 1, build: 'plain', ...more } as const
  const scorer = await openEngine(on, never, request)
  opened.push(scorer)
  return scorer
}
afterAll(async () => {
  for (const scorer of opened) await scorer.close()
})
describe('the engine, float arithmetic', () => {
  const all = open('fp16', { workers: 2 }).then((scorer) => scoreAll(scorer, golden))

  it('reproduces the logits of PyTorch within 1e-4', async () => {
    expect(largestError(golden, await all)).toBeLessThan(1e-4)
  })
  it.each([1, 3, 4])('gives the same bytes with %i workers', async (workers) => {
    const scorer = await open('fp16', { workers })
    const expected = (await all).filter((_, i) => some.includes(golden[i]!))
    expect(await scoreAll(scorer, some)).toEqual(expected)
  })
  it('gives a question the same bytes whatever stands around it', async () => {
    const scorer = await open('fp16', { workers: 2 })
    const expected = (await all).filter((_, i) => some.includes(golden[i]!)).reverse()
    const reversed = await scoreAll(scorer, [...some].reverse())
    const alone: number[][] = []
    for (const item of [...some].reverse()) alone.push(...(await scoreAll(scorer, [item])))
    expect({ reversed, alone }).toEqual({ reversed: expected, alone: expected })
  })
  it('gives the same bytes with a memory for each worker', async () => {
    const build = new URL('../../src/adapters/engine/build/engine-plain-own.wasm', import.meta.url)
    const own: Host = { ...host, canShareMemory: false, compile: () => WebAssembly.compile(Uint8Array.from(readFileSync(build))) }
    const scorer = await open('fp16', { workers: 2 }, own)
    const expected = (await all).filter((_, i) => some.includes(golden[i]!))
    expect(await scoreAll(scorer, some)).toEqual(expected)
  })
  it('gives the same bytes however the file is cut into chunks', async () => {
    const scorer = await open('q8', { workers: 2 })
    const cut = await open('q8', { workers: 2, weights: weightsOf('q8', 65_537) })
    expect(await scoreAll(cut, some)).toEqual(await scoreAll(scorer, some))
  })
  it('ranks 8-bit weights first as PyTorch does, near-ties aside', async () => {
    expect(topOneAgreement(golden, await scoreAll(await open('q8', { workers: 2 }), golden))).toBeGreaterThanOrEqual(0.95)
  })
  it('answers a question with more tokens than a pass has room for as if its choices were asked apart', async () => {
    const { input } = golden.find(({ input: { contextTokens } }) => contextTokens > 60)!
    const choice = Int32Array.from({ length: 96 }, (_, i) => (i === 0 ? 101 : i === 95 ? 102 : 2000 + 7 * i))
    const choiceIds = Array.from({ length: 8 }, (_, c) => choice.map((id, i) => (i === 5 ? id + c : id)))
    const scorer = await open('q8')
    const [long] = await scoreAll(scorer, [{ input: { ...input, choiceIds }, logits: [] }])
    const apart = await scoreAll(
      scorer,
      choiceIds.map((ids) => ({ input: { ...input, choiceIds: [ids] }, logits: [] })),
    )
    expect(long).toEqual(apart.flat())
  })
})

describe('the engine, int8 arithmetic', () => {
  it('ranks first as PyTorch does, near-ties aside', async () => {
    const scorer = await open('q8', { arithmetic: 'int8', workers: 2 })
    expect(topOneAgreement(golden, await scoreAll(scorer, golden))).toBeGreaterThanOrEqual(0.95)
  })
  it('gives a question the same bytes whatever stands around it', async () => {
    const scorer = await open('q8', { arithmetic: 'int8', workers: 2 })
    const alone: number[][] = []
    for (const item of some) alone.push(...(await scoreAll(scorer, [item])))
    expect(await scoreAll(scorer, some)).toEqual(alone)
  })
})

describe('the build with relaxed SIMD', () => {
  it('reproduces the logits of PyTorch within 1e-4', async () => {
    const scorer = await open('fp16', { workers: 2, build: 'relaxed' })
    expect(largestError(golden, await scoreAll(scorer, golden))).toBeLessThan(1e-4)
  })
  it('ranks first as PyTorch does in int8, near-ties aside', async () => {
    const scorer = await open('q8', { arithmetic: 'int8', workers: 2, build: 'relaxed' })
    expect(topOneAgreement(golden, await scoreAll(scorer, golden))).toBeGreaterThanOrEqual(0.95)
  })
})

describe('the workers of the engine', () => {
  it('are replaced when they stop, and what they held is asked again', async () => {
    const workers: Worker[] = []
    const spawn = () => {
      const worker = createWorker()
      workers.push(worker)
      return portOf(worker)
    }
    const scorer = await open('q8', { workers: 2 }, { ...host, spawn })
    const expected = await scoreAll(scorer, some)
    const logits: number[][] = []
    await scorer.score(
      never,
      some.map(({ input }) => input),
      (index, values) => {
        logits[index] = [...values]
        // ended by the system, as it were: the engine did not ask for it
        if (workers.length === 2) void workers[0]?.terminate()
      },
    )
    expect({ logits, workers: workers.length }).toEqual({ logits: expected, workers: 3 })
  })
  it('stop soon after the signal aborts, and answer the next call', async () => {
    const scorer = await open('q8', { workers: 2 })
    const controller = new AbortController()
    let answered = 0
    const run = scorer.score(
      controller.signal,
      golden.map(({ input }) => input),
      () => {
        answered++
        controller.abort()
      },
    )
    await expect(run).rejects.toMatchObject({ code: 'aborted' })
    const atAbort = answered
    const next: GoldenItem[] = some.slice(0, 2)
    expect((await scoreAll(scorer, next)).map((logits) => logits.length)).toEqual(next.map(({ logits }) => logits.length))
    expect(answered).toBe(atAbort)
  })
  it('say why they cannot be started', async () => {
    const broken: Host = {
      ...host,
      spawn: () => ({
        post: () => undefined,
        onMessage: () => undefined,
        onStop: (listener) => {
          queueMicrotask(() => {
            listener('no threads left')
          })
        },
        terminate: () => undefined,
      }),
    }
    await expect(open('q8', {}, broken)).rejects.toMatchObject({ code: 'worker_lost', detail: { reason: 'no threads left' } })
  })
})

describe('opening the engine', () => {
  it('tells how much is unpacked, up to the whole file', async () => {
    const told: number[] = []
    await open('q8', { onProgress: (done) => told.push(done) })
    expect({ rises: told.every((done, i) => done >= (told[i - 1] ?? 0)), last: told.at(-1) }).toEqual({
      rises: true,
      last: weightsOf('q8').bytes,
    })
  })
  it('stops when the signal aborts', async () => {
    const controller = new AbortController()
    const request = { manifest, weights: weightsOf('q8'), precision: 'q8', arithmetic: 'float', workers: 1 } as const
    const stop = () => {
      controller.abort()
    }
    const opening = openEngine(host, controller.signal, { ...request, onProgress: stop })
    await expect(opening).rejects.toMatchObject({ code: 'aborted' })
  })
  it('refuses a file that ends too early', async () => {
    const whole = weightsOf('q8')
    async function* half(): AsyncGenerator<Uint8Array> {
      let left = whole.bytes / 2
      for await (const chunk of whole.stream(never)) {
        if (left <= 0) return
        left -= chunk.length
        yield chunk
      }
    }
    await expect(open('q8', { weights: { ...whole, stream: half } })).rejects.toMatchObject({ code: 'weights_damaged' })
  })
  it('holds no more than 20 MB beside the packed weights and the areas of the workers', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    collect()
    const before = process.memoryUsage().arrayBuffers
    let [most, next] = [0, 0]
    await open('q8', {
      onProgress: (done) => {
        if (done < next) return
        next = done + (1 << 20)
        collect()
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      },
    })
    expect(most / 2 ** 20).toBeLessThan(20)
  })
})
