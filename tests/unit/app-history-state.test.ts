import { describe, expect, it } from 'vitest'
import { History } from '../../src/app/state/history.svelte'
import type { RunRecord } from '../../src/core/ports'
import { AppError } from '../../src/core/errors'
import type { Client } from '../../src/worker/client'

const run = (id: string, fileName: string, createdAt: number): RunRecord => ({ id, fileName, createdAt, total: 80 }) as RunRecord
const RUNS = [run('a', 'exam.csv', 1), run('b', 'exam.csv', 3), run('c', 'other.csv', 2), run('d', 'exam.csv', 4)]

async function begin(deletion: () => Promise<null> = () => Promise.resolve(null)) {
  const client = { call: (name: string) => (name === 'run.list' ? Promise.resolve([...RUNS]) : deletion()) } as unknown as Client
  const history = new History(client)
  await history.refresh()
  return history
}
const idsOf = (history: History) => history.runs?.map(({ id }) => id)
const pick = (history: History, ...ids: string[]) => {
  for (const id of ids)
    history.pick(
      RUNS.find((candidate) => candidate.id === id)!,
      true,
    )
}

describe('the stored runs', () => {
  it('come newest first', async () => {
    expect(idsOf(await begin())).toEqual(['d', 'b', 'c', 'a'])
  })
  it('hide what is being deleted and show it again when that is taken back', async () => {
    const history = await begin()
    history.hide(['b'])
    expect(idsOf(history)).toEqual(['d', 'c', 'a'])
    history.restore(['b'])
    expect(idsOf(history)).toEqual(['d', 'b', 'c', 'a'])
  })
  it('lose what is deleted', async () => {
    const history = await begin()
    await history.delete(['b', 'c'])
    expect(idsOf(history)).toEqual(['d', 'a'])
  })
  it('keep what could not be deleted, and say why', async () => {
    const history = await begin(() => Promise.reject(new AppError('run_missing')))
    history.hide(['b'])
    await history.delete(['b'])
    expect([idsOf(history)?.includes('b'), history.error]).toEqual([true, new AppError('run_missing')])
  })
  it('let at most two be picked: the oldest pick gives way', async () => {
    const history = await begin()
    pick(history, 'a', 'b', 'd')
    expect(history.picked).toEqual(['b', 'd'])
  })
  it('let only runs of one file be picked together', async () => {
    const history = await begin()
    pick(history, 'a', 'b', 'c')
    expect(history.picked).toEqual(['c'])
  })
})
