// What every ModelStore does.
import type { ModelRecord, ModelStore } from '../../src/core/ports'
import type { PairsManifest } from '../../src/core/types'
import type { Case } from './cases'

const manifest = (title: string): PairsManifest => ({
  format: 'pagewise-model/1',
  id: 'own',
  title,
  licence: 'mit',
  source: 'my-bert',
  architecture: 'bert',
  config: { hidden_size: 32 },
  layout: 'pairs',
  maxTokens: { pair: 64 },
  template: '{context} #### {prompt}',
  files: [{ name: 'weights.q8.safetensors', precision: 'q8', bytes: 3, sha256: 'aa', chunkBytes: 4_194_304, chunkSha256: ['aa'] }],
  selfTest: null,
  scores: [],
})
const record = (id: string, createdAt: number, title = 'Own'): ModelRecord => ({ id, createdAt, manifest: manifest(title) })

export const modelStoreCases: Case<ModelStore>[] = [
  {
    title: 'gives back the record that was put',
    async run(store) {
      await store.put(record('a', 1))
      return store.get('a')
    },
    expected: record('a', 1),
  },
  { title: 'knows nothing of a model that was never put', run: async (store) => (await store.get('a')) ?? null, expected: null },
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
    title: 'forgets a deleted model and no other',
    async run(store) {
      for (const id of ['a', 'b']) await store.put(record(id, 1))
      await store.delete('a')
      await store.delete('never there')
      return (await store.list()).map(({ id }) => id)
    },
    expected: ['b'],
  },
]
