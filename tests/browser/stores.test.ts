// The stores' contracts over the browser's own IndexedDB.
import { expect, it } from 'vitest'
import { useSources } from './sources'

const sources = useSources()

it('IndexedDB in a page holds the contracts of ChunkStore and RunStore', async () => {
  const results = await sources.call<{ title: string; got: unknown; expected: unknown }[]>('stores', 'runStoreContracts')
  expect(results.map(({ title, got }) => ({ title, value: got }))).toEqual(
    results.map(({ title, expected }) => ({ title, value: expected })),
  )
  expect(results.length).toBe(9)
})
