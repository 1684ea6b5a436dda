// A library in shards, served with the page: what the worker makes of it.
import { expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore, createMemoryLibraryStore } from '../../src/adapters/memory/stores'
import { LibraryHost } from '../../src/worker/library-host'
import { indexSharded, inflate, serveFiles } from './retrieve-sharded'

const signal = new AbortController().signal

async function serve() {
  const { manifest, files } = await indexSharded(Array.from({ length: 700 }, (_, i) => `word${i} of topic${i % 20}`))
  const store = { ...createMemoryChunkStore(), isPersistent: true }
  const host = new LibraryHost({
    clock: createClock(),
    libraryIds: ['big'],
    libraries: createMemoryLibraryStore(),
    libraryCache: () => ({ source: serveFiles(files), store, sha256, exclusively: (_signal, _name, work) => work() }),
    inflate,
  })
  return { host, files, manifest, store }
}

it('is listed with the size that it has where it is served and what is stored of it', async () => {
  const { host, manifest } = await serve()
  const library = await host.open(signal, 'big', () => undefined)
  expect((await library.search(signal, 'word17', 1))[0]?.text).toBe('word17 of topic17')
  const [entry] = await host.list(signal)
  expect(entry).toMatchObject({ id: 'big', isEmbedded: true, passages: 700, bytes: manifest.bytes })
  expect(entry!.storedBytes).toBeGreaterThan(0)
  expect(entry!.storedBytes).toBeLessThan(manifest.bytes)
})

it('leaves nothing in the store when it is deleted', async () => {
  const { host, store } = await serve()
  await (await host.open(signal, 'big', () => undefined)).search(signal, 'word17', 1)
  await host.delete(signal, 'big')
  expect(await store.keys('')).toEqual([])
})

it('answers the question again that met a damaged shard, once the shard is whole', async () => {
  const { host, files, manifest } = await serve()
  const library = await host.open(signal, 'big', () => undefined)
  const name = [...files.keys()].filter((file) => file.startsWith('passages/') && file.endsWith('.bin')).sort()[0]!
  const sound = files.get(name)!
  files.set(name, sound.map((byte, i) => (i === 9 ? byte ^ 4 : byte))) // prettier-ignore
  await expect(library.search(signal, 'word17', 1)).rejects.toThrow(`${name} of library ${manifest.title} is damaged`)
  files.set(name, sound)
  expect(await library.search(signal, 'word17', 1)).toHaveLength(1)
})

it('is too big to export', async () => {
  const { host } = await serve()
  await expect(host.folder(signal, 'big')).rejects.toThrow('Test is too big for one file.')
})
