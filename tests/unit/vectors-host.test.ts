// Embedders and vectors through the worker's classes, with the tiny embedder as dropped files: bring, embed, pause, search, switch, delete.
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { openNodeEmbedder } from '../../src/adapters/transformers/node'
import { LibraryFiles } from '../../src/worker/library-files'
import { LibraryHost } from '../../src/worker/library-host'
import { VectorsHost } from '../../src/worker/vectors-host'
import { createMemoryStores, memoryLibraries, type MemoryStores } from './library-memory'

const FOLDER = 'tests/fixtures/embedder'
const NAMES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', '1_Pooling/config.json', 'onnx/model.onnx']
const DROPPED = NAMES.map((name) => ({ name: `models/tiny/${name}`, blob: new Blob([readFileSync(`${FOLDER}/${name}`)]) }))
const TEXTS = ['The motor burns petrol.', 'A comet near the sun.', 'The verdict of the court.', 'Dough and yeast make bread.']
const PREFIXES = { queryPrefix: '', passagePrefix: '' }
const signal = new AbortController().signal
const quiet = () => undefined

let stores: MemoryStores
let libraries: LibraryHost
let vectors: VectorsHost
let id: string
function open(): LibraryFiles {
  const deps = { ...memoryLibraries(stores), openEmbedder: openNodeEmbedder }
  libraries = new LibraryHost(deps)
  vectors = new VectorsHost(deps, libraries)
  return new LibraryFiles(deps, libraries)
}
beforeEach(async () => {
  stores = createMemoryStores()
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
    const before = (await stores.chunks.keys('')).sort()
    const { id: embedderId } = await vectors.addEmbedder(signal, DROPPED)
    open()
    expect((await vectors.embed(signal, { id, embedderId, ...PREFIXES }, quiet)).done).toBe(4)
    await vectors.delete(id)
    await vectors.deleteEmbedder(embedderId)
    expect((await stores.chunks.keys('')).sort()).toEqual(before)
    await expect(vectors.embed(signal, { id, embedderId, ...PREFIXES }, quiet)).rejects.toMatchObject({ code: 'embedder_unknown' })
  })
  it('without its weights is refused and leaves nothing behind', async () => {
    const before = await stores.chunks.keys('')
    await expect(vectors.addEmbedder(signal, DROPPED.slice(0, -1))).rejects.toMatchObject({
      code: 'embedder_file_missing',
      detail: { file: 'onnx/model.onnx', place: 'tiny' },
    })
    expect(await stores.chunks.keys('')).toEqual(before)
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
    expect([await vectors.view(signal, id), await stores.chunks.keys('vectors/')]).toEqual([null, []])
  })
})
