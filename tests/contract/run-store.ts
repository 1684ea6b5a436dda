// What every RunStore does.
import type { RunRecord, RunStore } from '../../src/core/ports'
import type { Answer } from '../../src/core/types'
import type { Case } from './cases'

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
const answer = (index: number): Answer => ({
  index,
  ranking: [1, 0],
  logits: [0, 1],
  probabilities: [0.3, 0.7],
  closedProbabilities: null,
  passages: [],
  problems: [],
})
const none = Uint8Array.of()

export const runStoreCases: Case<RunStore>[] = [
  {
    title: 'keeps a run with its file',
    async run(store) {
      await store.create(record('r', 1), Uint8Array.of(1, 2))
      return { record: await store.get('r'), file: [...((await store.file('r')) ?? [])] }
    },
    expected: { record: record('r', 1), file: [1, 2] },
  },
  {
    title: 'keeps answers in the order in which they were appended',
    async run(store) {
      await store.create(record('r', 1), none)
      await store.appendAnswers('r', [answer(3), answer(1)])
      await store.appendAnswers('r', [answer(2)])
      return (await store.answers('r')).map((a) => a.index)
    },
    expected: [3, 1, 2],
  },
  {
    title: 'changes the named fields of a record only',
    async run(store) {
      await store.create(record('r', 1), none)
      await store.update('r', { status: 'paused', done: 1 })
      return store.get('r')
    },
    expected: { ...record('r', 1), status: 'paused', done: 1 },
  },
  {
    title: 'lists the newest run first',
    async run(store) {
      await store.create(record('old', 1), none)
      await store.create(record('new', 2), none)
      return (await store.list()).map((r) => r.id)
    },
    expected: ['new', 'old'],
  },
  {
    title: 'forgets everything of a deleted run and nothing of another',
    async run(store) {
      for (const id of ['a', 'b']) {
        await store.create(record(id, 1), Uint8Array.of(7))
        await store.appendAnswers(id, [answer(0)])
      }
      await store.delete('a')
      const left = async (id: string) => [
        (await store.get(id))?.id ?? null,
        (await store.file(id))?.length ?? null,
        (await store.answers(id)).length,
      ]
      return [await left('a'), await left('b')]
    },
    expected: [
      [null, null, 0],
      ['b', 1, 1],
    ],
  },
]
