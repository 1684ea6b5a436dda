// What every ChunkStore does.
import type { ChunkStore } from '../../src/core/ports'
import type { Case } from './cases'

const numbers = (bytes: Uint8Array | undefined): number[] | null => (bytes ? [...bytes] : null)

export const chunkStoreCases: Case<ChunkStore>[] = [
  {
    title: 'gives back the bytes that were put',
    async run(store) {
      await store.put('a/0', Uint8Array.of(1, 2, 3))
      return numbers(await store.get('a/0'))
    },
    expected: [1, 2, 3],
  },
  { title: 'knows nothing of a key that was never put', run: async (store) => numbers(await store.get('missing')), expected: null },
  {
    title: 'replaces what stood under a key',
    async run(store) {
      await store.put('a/0', Uint8Array.of(1))
      await store.put('a/0', Uint8Array.of(2))
      return numbers(await store.get('a/0'))
    },
    expected: [2],
  },
  {
    title: 'lists and deletes by prefix only',
    async run(store) {
      for (const key of ['a/0', 'a/1', 'ab/0', 'b/0']) await store.put(key, Uint8Array.of(1))
      await store.deletePrefix('a/')
      return { a: await store.keys('a/'), all: (await store.keys('')).sort() }
    },
    expected: { a: [], all: ['ab/0', 'b/0'] },
  },
]
