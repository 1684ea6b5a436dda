// What every ChunkStore does; run over memory and (fake and real) IndexedDB.
import { describe, expect, it } from 'vitest'
import type { ChunkStore } from '../../src/core/ports'

export function chunkStoreContract(name: string, open: () => Promise<ChunkStore>): void {
  describe(`ChunkStore: ${name}`, () => {
    it('gives back the bytes that were put', async () => {
      const store = await open()
      await store.put('a/0', Uint8Array.of(1, 2, 3))
      expect(Array.from((await store.get('a/0')) ?? [])).toEqual([1, 2, 3])
    })
    it('knows nothing of a key that was never put', async () => {
      expect(await (await open()).get('missing')).toBeUndefined()
    })
    it('replaces what stood under a key', async () => {
      const store = await open()
      await store.put('a/0', Uint8Array.of(1))
      await store.put('a/0', Uint8Array.of(2))
      expect(Array.from((await store.get('a/0')) ?? [])).toEqual([2])
    })
    it('lists and deletes by prefix only', async () => {
      const store = await open()
      for (const key of ['a/0', 'a/1', 'ab/0', 'b/0']) await store.put(key, Uint8Array.of(1))
      await store.deletePrefix('a/')
      expect({ a: await store.keys('a/'), all: (await store.keys('')).sort() }).toEqual({ a: [], all: ['ab/0', 'b/0'] })
    })
  })
}
