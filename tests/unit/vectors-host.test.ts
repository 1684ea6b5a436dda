// Embedders and vectors through the worker's classes, with the tiny embedder as dropped files: bring, embed, pause, search, switch, delete.
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { deflateRaw, inflateRaw } from '../../src/adapters/compression/deflate'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore, createMemoryLibraryStore } from '../../src/adapters/memory/stores'
import { openDirectorySource } from '../../src/adapters/node/source'
import { openParquet } from '../../src/adapters/parquet/parquet'
import { openNodeEmbedder } from '../../src/adapters/transformers/node'
import type { ChunkStore, LibraryStore } from '../../src/core/ports'
import { LibraryFiles } from '../../src/worker/library-files'
import { LibraryHost } from '../../src/worker/library-host'
import { VectorsHost } from '../../src/worker/vectors-host'

const FOLDER = 'tests/fixtures/embedder'
const NAMES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', '1_Pooling/config.json', 'onnx/model.onnx']
const DROPPED = NAMES.map((name) => ({ name: `models/tiny/${name}`, blob: new Blob([readFileSync(`${FOLDER}/${name}`)]) }))
const TEXTS = ['The motor burns petrol.', 'A comet near the sun.', 'The verdict of the court.', 'Dough and yeast make bread.']
const PREFIXES = { queryPrefix: '', passagePrefix: '' }
const signal = new AbortController().signal
const quiet = () => undefined

let chunks: ChunkStore
let records: LibraryStore
let libraries: LibraryHost
let vectors: VectorsHost
let id: string
function open(): LibraryFiles {
  let number = 0
  const deps = {
    clock: createClock(),
    wallClock: () => ++number,
    libraryIds: [],
    libraries: records,
    libraryCache: () => ({
      source: openDirectorySource('libraries/openstax'),
      store: chunks,
      sha256,
      exclusively: <T>(_s: unknown, _n: unknown, work: () => Promise<T>) => work(),
    }),
    inflate: inflateRaw,
    deflate: deflateRaw,
    openParquet,
    openEmbedder: openNodeEmbedder,
  }
  libraries = new LibraryHost(deps)
  vectors = new VectorsHost(deps, libraries)
  return new LibraryFiles(deps, libraries)
}
beforeEach(async () => {
  chunks = createMemoryChunkStore()
  records = createMemoryLibraryStore()
  const csv = { name: 'notes.csv', blob: new Blob([`text,n\n${TEXTS.map((text, i) => `${text},${i}`).join('\n')}\n`]) }
  id = (await open().add(signal, { files: [csv], title: 'Notes', textColumn: 'text', titleColumn: null }, quiet)).id
})
const found = async (words: string) => (await (await vectors.open(signal, id, quiet)).search(signal, words, 1)).map((hit) => hit.text)

describe('an embedder', () => {
  it('is tried and kept, with what it needs of its folder', async () => {
    const entry = await vectors.addEmbedder(signal, DROPPED)
    expect(await vectors.embedders()).toEqual([entry])
    expect(entry).toMatchObject({ title: 'tiny', dimensions: 32, pooling: 'mean', maxTokens: 64, ...PREFIXES })
    expect(entry.bytes).toBe(DROPPED.filter(({ name }) => !name.includes('Pooling')).reduce((sum, { blob }) => sum + blob.size, 0))
  })
  it('is there after a reload, and gone with its files when it is deleted', async () => {
    const before = (await chunks.keys('')).sort()
    const { id: embedderId } = await vectors.addEmbedder(signal, DROPPED)
    open()
    expect((await vectors.embed(signal, { id, embedderId, ...PREFIXES }, quiet)).done).toBe(4)
    await vectors.delete(id)
    await vectors.deleteEmbedder(embedderId)
    expect((await chunks.keys('')).sort()).toEqual(before)
    await expect(vectors.embed(signal, { id, embedderId, ...PREFIXES }, quiet)).rejects.toMatchObject({ code: 'embedder_unknown' })
  })
  it('without its weights is refused and leaves nothing behind', async () => {
    const before = await chunks.keys('')
    await expect(vectors.addEmbedder(signal, DROPPED.slice(0, -1))).rejects.toMatchObject({
      code: 'embedder_file_missing',
      detail: { file: 'onnx/model.onnx', place: 'tiny' },
    })
    expect(await chunks.keys('')).toEqual(before)
  })
})

describe('vectors of a library', () => {
  it('let it be searched by meaning, until they are switched off', async () => {
    const { id: embedderId } = await vectors.addEmbedder(signal, DROPPED)
    expect(await found('automobile')).toEqual([])
    await vectors.embed(signal, { id, embedderId, ...PREFIXES }, quiet)
    expect(await found('automobile')).toEqual([TEXTS[0]])
    expect(await vectors.switch(signal, id, false)).toMatchObject({ done: 4, total: 4, isOn: false, isStale: false })
    expect(await found('automobile')).toEqual([])
  })
  it('are not used while they are unfinished', async () => {
    const { id: embedderId } = await vectors.addEmbedder(signal, DROPPED)
    const paused = vectors.embed(AbortSignal.abort(), { id, embedderId, ...PREFIXES }, quiet)
    await expect(paused).rejects.toMatchObject({ code: 'aborted' })
    expect(await found('automobile')).toEqual([])
  })
  it('are gone when they are deleted, also while they are made', async () => {
    const { id: embedderId } = await vectors.addEmbedder(signal, DROPPED)
    const making = vectors.embed(signal, { id, embedderId, ...PREFIXES }, quiet).catch((error: unknown) => error)
    await vectors.delete(id)
    await making
    expect([await vectors.view(signal, id), await chunks.keys('vectors/')]).toEqual([null, []])
  })
})
