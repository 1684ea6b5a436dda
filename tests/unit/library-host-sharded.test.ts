// A library in shards, served with the page: what the worker makes of it.
import { expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore, createMemoryLibraryStore } from '../../src/adapters/memory/stores'
import { LibraryHost } from '../../src/worker/library-host'
import { indexSharded, inflate, serveFiles } from './retrieve-sharded'

const signal = new AbortController().signal

async function serve(libraryIds = ['big']) {
  const { manifest, files } = await indexSharded(Array.from({ length: 700 }, (_, i) => `word${i} of topic${i % 20}`))
  const store = { ...createMemoryChunkStore(), isPersistent: true }
  const host = new LibraryHost({
    clock: createClock(),
    libraryIds,
    libraries: createMemoryLibraryStore(),
    libraryCache: (id) => ({
      source: serveFiles(id === 'big' ? files : new Map()),
      store,
      sha256,
      exclusively: (_signal, _name, work) => work(),
    }),
    inflate,
  })
  return { host, files, manifest, store }
}

it('is listed with the size that it has where it is served and what is stored of it', async () => {
  const { host, manifest } = await serve()
  const library = await host.open(signal, 'big', () => undefined)
  expect((await library.search(signal, 'word17', 1))[0]?.text).toBe('word17 of topic17')
  const entry = (await host.list(signal)).entries[0]
  expect(entry).toMatchObject({ id: 'big', isEmbedded: true, passages: 700, bytes: manifest.bytes })
  expect(entry!.storedBytes).toBeGreaterThan(0)
  expect(entry!.storedBytes).toBeLessThan(manifest.bytes)
})

it('is listed though another one of libraries/registry.json is not there', async () => {
  const { host } = await serve(['gone', 'big'])
  const { entries, unreadable } = await host.list(signal)
  const detail = { name: 'gone', place: 'test' }
  expect([entries.map(({ id }) => id), unreadable]).toEqual([['big'], [{ id: 'gone', refusal: { code: 'library_missing', detail } }]])
  await expect(host.open(signal, 'gone', () => undefined)).rejects.toMatchObject({ code: 'library_missing' })
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
