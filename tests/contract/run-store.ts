// What every RunStore does; run over memory and (fake and real) IndexedDB.
import { describe, expect, it } from 'vitest'
import type { RunRecord, RunStore } from '../../src/core/ports'
import type { Answer } from '../../src/core/types'

const record = (id: string, createdAt: number): RunRecord => ({
  id,
  fileName: 'a.csv',
  createdAt,
  status: 'running',
  done: 0,
  total: 2,
  seconds: 0,
  mapAt3: null,
  modelId: 'default',
  modelTitle: 'Small',
  description: 'engine',
  mapping: { prompt: 1 },
  settings: { topK: 3 },
  edits: {},
})
const answer = (index: number): Answer => ({ index, ranking: [1, 0], logits: [0, 1], probabilities: [0.3, 0.7], closedProbabilities: null, passages: [], problems: [] })

export function runStoreContract(name: string, open: () => Promise<RunStore>): void {
  describe(`RunStore: ${name}`, () => {
    it('keeps a run with its file', async () => {
      const store = await open()
      await store.create(record('r', 1), Uint8Array.of(1, 2))
      expect({ record: await store.get('r'), file: Array.from((await store.file('r')) ?? []) }).toEqual({ record: record('r', 1), file: [1, 2] })
    })
    it('keeps answers in the order in which they were appended', async () => {
      const store = await open()
      await store.create(record('r', 1), Uint8Array.of())
      await store.appendAnswers('r', [answer(3), answer(1)])
      await store.appendAnswers('r', [answer(2)])
      expect((await store.answers('r')).map((a) => a.index)).toEqual([3, 1, 2])
    })
    it('changes the named fields of a record only', async () => {
      const store = await open()
      await store.create(record('r', 1), Uint8Array.of())
      await store.update('r', { status: 'paused', done: 1 })
      expect(await store.get('r')).toEqual({ ...record('r', 1), status: 'paused', done: 1 })
    })
    it('lists the newest run first', async () => {
      const store = await open()
      await store.create(record('old', 1), Uint8Array.of())
      await store.create(record('new', 2), Uint8Array.of())
      expect((await store.list()).map((r) => r.id)).toEqual(['new', 'old'])
    })
    it('forgets everything of a deleted run and nothing of another', async () => {
      const store = await open()
      for (const id of ['a', 'b']) {
        await store.create(record(id, 1), Uint8Array.of(7))
        await store.appendAnswers(id, [answer(0)])
      }
      await store.delete('a')
      const left = async (id: string) => [await store.get(id), await store.file(id), (await store.answers(id)).length]
      expect(await left('a')).toEqual([undefined, undefined, 0])
      expect((await left('b'))[2]).toBe(1)
    })
  })
}
