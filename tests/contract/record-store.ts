// What every store of the visitor's own things does, whatever they are.
import type { RecordStore, StoredRecord } from '../../src/core/ports'
import type { Case } from './cases'

/** `what`: what people call one; `manifest`: one with this title. */
export function recordStoreCases<Manifest>(what: string, manifest: (title: string) => Manifest): Case<RecordStore<Manifest>>[] {
  const record = (id: string, createdAt: number, title = 'Own'): StoredRecord<Manifest> => ({ id, createdAt, manifest: manifest(title) })
  return [
    {
      title: 'gives back the record that was put',
      async run(store) {
        await store.put(record('a', 1))
        return store.get('a')
      },
      expected: record('a', 1),
    },
    { title: `knows nothing of a ${what} that was never put`, run: async (store) => (await store.get('a')) ?? null, expected: null },
    {
      title: 'replaces a record of the same id',
      async run(store) {
        await store.put(record('a', 1))
        await store.put(record('a', 1, 'Better'))
        return store.list()
      },
      expected: [record('a', 1, 'Better')],
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
      title: `forgets a deleted ${what} and no other`,
      async run(store) {
        for (const id of ['a', 'b']) await store.put(record(id, 1))
        await store.delete('a')
        await store.delete('never there')
        return (await store.list()).map(({ id }) => id)
      },
      expected: ['b'],
    },
  ]
}
