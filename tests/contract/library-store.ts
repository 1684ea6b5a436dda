// What every LibraryStore does.
import type { LibraryRecord, LibraryStore } from '../../src/core/ports'
import type { LibraryManifest } from '../../src/core/retrieve'
import type { Case } from './cases'

const manifest = (title: string): LibraryManifest => ({
  format: 'pagewise-library/1',
  id: 'notes',
  title,
  licence: 'not stated',
  source: 'notes.csv',
  passages: 2,
  textBytes: 60,
  bm25: { k1: 1.2, b: 0.75 },
  files: [{ name: 'index.bin', bytes: 3, sha256: 'aa', chunkBytes: 4_194_304, chunkSha256: ['aa'] }],
})
const record = (id: string, createdAt: number, title = 'Notes'): LibraryRecord => ({ id, createdAt, manifest: manifest(title) })

export const libraryStoreCases: Case<LibraryStore>[] = [
  {
    title: 'gives back the record that was put',
    async run(store) {
      await store.put(record('a', 1))
      return store.get('a')
    },
    expected: record('a', 1),
  },
  { title: 'knows nothing of a library that was never put', run: async (store) => (await store.get('a')) ?? null, expected: null },
  {
    title: 'replaces a record of the same id',
    async run(store) {
      await store.put(record('a', 1))
      await store.put(record('a', 1, 'Better notes'))
      return store.list()
    },
    expected: [record('a', 1, 'Better notes')],
  },
  {
    title: 'lists the oldest first',
    async run(store) {
      for (const [id, createdAt] of [['new', 3] as const, ['old', 1] as const, ['middle', 2] as const])
        await store.put(record(id, createdAt))
      return (await store.list()).map(({ id }) => id)
    },
    expected: ['old', 'middle', 'new'],
  },
  {
    title: 'forgets a deleted library and no other',
    async run(store) {
      for (const id of ['a', 'b']) await store.put(record(id, 1))
      await store.delete('a')
      await store.delete('never there')
      return (await store.list()).map(({ id }) => id)
    },
    expected: ['b'],
  },
]
