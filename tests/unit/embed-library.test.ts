// Embedding a library and searching it with the tiny embedder, over stores in memory: pause and resume, what is kept, memory, hybrid hits.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeAll, describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { createMemoryChunkStore } from '../../src/adapters/memory/stores'
import { openDirectorySource } from '../../src/adapters/node/source'
import { openNodeEmbedder } from '../../src/adapters/transformers/node'
import type { ChunkStore, Embedder } from '../../src/core/ports'
import { HybridLibrary, quantizeVectors, searchVectors, type Hit, type Passage, type VectorsMade } from '../../src/core/retrieve'
import { embedLibrary, type EmbedLibrary } from '../../src/jobs/embed-library'
import { readEmbedderSettings } from '../../src/jobs/embedder-folder'
import { VectorStore } from '../../src/jobs/vector-store'

const signal = new AbortController().signal
const clock = createClock()
let embedder: Embedder
beforeAll(async () => {
  const source = openDirectorySource('tests/fixtures/embedder')
  embedder = await openNodeEmbedder(signal, { source, settings: await readEmbedderSettings(signal, source) })
})

const TOPICS = [
  'the engine of a truck',
  'a planet and its moon',
  'a judge and the jury',
  'bread from the oven',
  'piano and violin',
  'rain and ice',
]
const textOf = (passage: number): string => `${TOPICS[passage % TOPICS.length]!} ${'water '.repeat(passage % 5)}`
const made = (passages: number): VectorsMade => ({
  embedderId: 'tiny',
  embedderTitle: 'tiny',
  dimensions: 32,
  queryPrefix: 'query: ',
  passagePrefix: 'passage: ',
  passagesSha256: 'abc',
  passages,
})
/** Blocks of 16 vectors. */
const library = (passages: number): EmbedLibrary => ({
  made: made(passages),
  read: (passage) => Promise.resolve(textOf(passage)),
  blockBytes: 16 * 36,
})
const embed = (
  store: ChunkStore,
  passages: number,
  at = signal,
  onProgress: (done: number) => void = () => undefined,
  job = library(passages),
) =>
  embedLibrary(at, job, { embedder, store: new VectorStore(store, 'vectors/a', 'a'), clock }, ({ done }) => {
    onProgress(done)
  })
async function contents(store: ChunkStore): Promise<Record<string, number[]>> {
  const keys = (await store.keys('')).sort()
  return Object.fromEntries(await Promise.all(keys.map(async (key): Promise<[string, number[]]> => [key, [...(await store.get(key))!]])))
}

describe('embedding a library', () => {
  it('stores one vector a passage in blocks, beside a manifest', async () => {
    const store = createMemoryChunkStore()
    const progress: number[] = []
    const manifest = await embed(store, 40, signal, (done) => progress.push(done))
    const first = await embedder.embed(signal, [`passage: ${textOf(0)}`])
    const block = (await store.get('vectors/a/0'))!
    expect(Object.keys(await contents(store))).toEqual(['vectors/a/0', 'vectors/a/1', 'vectors/a/2', 'vectors/a/manifest'])
    expect([...block.subarray(64, 96)]).toEqual([...new Uint8Array(quantizeVectors(first, 32).values.buffer)])
    expect([progress, await new VectorStore(store, 'vectors/a', 'a').countRows(manifest)]).toEqual([[16, 32, 40], 40])
  })
  it('gives the same bytes after a pause', async () => {
    const [whole, paused] = [createMemoryChunkStore(), createMemoryChunkStore()]
    await embed(whole, 40)
    const abort = new AbortController()
    await expect(embed(paused, 40, abort.signal, () => { abort.abort() })).rejects.toMatchObject({ code: 'aborted' }) // prettier-ignore
    const progress: number[] = []
    await embed(paused, 40, signal, (done) => progress.push(done))
    expect(await contents(paused)).toEqual(await contents(whole))
    expect(progress).toEqual([32, 40])
  })
  it('goes on in the middle of a block', async () => {
    const store = createMemoryChunkStore()
    const large = (passages: number) => ({ ...library(passages), blockBytes: 4 << 20 })
    const abort = new AbortController()
    await embed(store, 40, abort.signal, (done) => { if (done === 32) abort.abort() }, large(40)).catch(() => undefined) // prettier-ignore
    const kept = (await store.get('vectors/a/0'))!.length
    await embed(store, 40, signal, undefined, large(40))
    const whole = createMemoryChunkStore()
    await embed(whole, 40, signal, undefined, large(40))
    expect([kept, await contents(store)]).toEqual([32 * 36, await contents(whole)])
  })
  it('keeps what is there when a batch fails', async () => {
    const store = createMemoryChunkStore()
    const job = library(40)
    const failing = { ...job, read: (passage: number) => (passage < 16 ? job.read(passage) : Promise.reject(new Error('internal: test'))) }
    await expect(embed(store, 40, signal, undefined, failing)).rejects.toThrow('internal: test')
    expect(Object.keys(await contents(store))).toEqual(['vectors/a/0', 'vectors/a/manifest'])
  })
  it('begins anew with another prefix', async () => {
    const store = createMemoryChunkStore()
    await embed(store, 20)
    const before = await contents(store)
    const progress: number[] = []
    const other = { ...library(20), made: { ...made(20), passagePrefix: '' } }
    await embed(store, 20, signal, (done) => progress.push(done), other)
    expect([progress, (await contents(store))['vectors/a/0']]).not.toEqual([[16, 20], before['vectors/a/0']])
    expect(progress).toEqual([16, 20])
  })
})

describe('searching stored vectors', () => {
  it('says which block is missing', async () => {
    const store = createMemoryChunkStore()
    const manifest = await embed(store, 40)
    await store.deletePrefix('vectors/a/1')
    const search = searchVectors(signal, new VectorStore(store, 'vectors/a', 'a').blocks(manifest), new Float32Array(32), 3)
    await expect(search).rejects.toMatchObject({ code: 'library_damaged', detail: { file: 'vectors/1' } })
  })
  it('never has more than two blocks in memory', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const perBlock = 10_000
    const rows = quantizeVectors(Float32Array.from({ length: 32 }, (_, i) => i), 32) // prettier-ignore
    const handed: WeakRef<Uint8Array>[] = []
    const alive: number[] = []
    const blocks = {
      dimensions: 32,
      rowsPerBlock: perBlock,
      blocks: 20,
      damaged: () => new Error('internal: test'),
      async read() {
        // A turn of the event loop ends: only then may a WeakRef that was made in it be empty.
        await new Promise((resolve) => setImmediate(resolve))
        collect()
        alive.push(handed.filter((ref) => ref.deref() !== undefined).length)
        const block = new Uint8Array(perBlock * 36)
        new Float32Array(block.buffer, 0, perBlock).fill(rows.scales[0]!)
        handed.push(new WeakRef(block))
        return block
      },
    }
    await searchVectors(
      signal,
      blocks,
      Float32Array.from({ length: 32 }, () => 1),
      5,
    )
    expect(handed.length).toBe(20)
    expect(Math.max(...alive)).toBeLessThanOrEqual(1) // the one being searched; the one being read is not made yet
  })
})

describe('a library searched by words and vectors', () => {
  const texts = ['the motor needs petrol', 'a comet near the sun', 'the verdict of the court', 'dough and yeast', 'a car has an engine']
  const passageOf = (passage: number): Passage => ({ id: `${passage}`, title: '', source: '', text: texts[passage]! })
  async function open(words: Hit[], least = 0) {
    const store = createMemoryChunkStore()
    const manifest = await embed(store, texts.length, signal, undefined, {
      made: made(texts.length),
      read: (p) => Promise.resolve(texts[p]!),
    })
    const parts = {
      rank: () => ({ hits: words, least }),
      rankWords: () => words,
      passage: (passage: number) => Promise.resolve(passageOf(passage)),
    }
    const vectors = new VectorStore(store, 'vectors/a', 'a').blocks(manifest)
    return new HybridLibrary({ library: parts, vectors, embedder, queryPrefix: 'query: ' })
  }

  it('finds by meaning what shares no word with the question', async () => {
    const hybrid = await open([])
    const hits = await hybrid.search(signal, 'truck gasoline', 2)
    expect(hits.map((hit) => hit.id).sort()).toEqual(['0', '4'])
  })
  it('puts first what both find', async () => {
    const hybrid = await open([{ passage: 1, score: 9 }, { passage: 4, score: 8 }]) // prettier-ignore
    const [first] = await hybrid.retrieve(signal, { prompt: 'truck', options: ['fuel', 'vehicle'] }, 3)
    expect(first!.id).toBe('4')
  })
  it('marks as unread what matches neither the words nor the meaning well', async () => {
    const hybrid = await open([{ passage: 1, score: 9 }, { passage: 2, score: 1 }], 5) // prettier-ignore
    const hits = await hybrid.retrieve(signal, { prompt: 'truck', options: [] }, 5)
    expect(Object.fromEntries(hits.map((hit) => [hit.id, hit.used]))).toEqual({ 0: false, 1: true, 2: false, 3: false, 4: false })
  })
  it('refuses vectors of another size', async () => {
    const vectors = new VectorStore(createMemoryChunkStore(), 'x', 'x').blocks({
      ...made(3),
      dimensions: 8,
      format: 'pagewise-vectors/1',
      rowsPerBlock: 16,
      isOn: true,
    })
    const library = { rank: () => ({ hits: [], least: 0 }), rankWords: () => [], passage: (p: number) => Promise.resolve(passageOf(p)) }
    expect(() => new HybridLibrary({ library, vectors, embedder, queryPrefix: '' })).toThrow('cannot be used')
  })
})
