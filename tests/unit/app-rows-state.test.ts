import { describe, expect, test } from 'vitest'
import { Rows } from '../../src/app/state/rows.svelte'
import { AppError } from '../../src/core/errors'
import type { Client } from '../../src/worker/client'

interface OpenCall {
  name: string
  params: { indices?: number[]; search?: string }
  resolve(result: unknown): void
}
const COUNTS = { all: 2, low: 0, wrong: 0, problems: 0 }
const read = (indices: number[]) => indices.map((index) => ({ question: { prompt: `prompt ${index}` } }))
const failTest = (error: unknown) => {
  throw error
}
const settle = () => new Promise((resolve) => setTimeout(resolve))

function handClient(): { client: Client; calls: OpenCall[] } {
  const calls: OpenCall[] = []
  const call = (name: string, params: OpenCall['params'], { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      calls.push({ name, params, resolve })
      signal?.addEventListener('abort', () => {
        reject(new AppError('aborted'))
      })
    })
  return { client: { call } as unknown as Client, calls }
}

describe('the rows that the table shows', () => {
  test('are all rows until something is chosen', () => {
    const rows = new Rows(handClient().client, failTest)
    rows.reset(5)
    expect([rows.length, rows.at(3), rows.position(4), rows.position(5)]).toEqual([5, 3, 4, -1])
  })
  test('are those of the last filter, whichever answer comes first', async () => {
    const { client, calls } = handClient()
    const rows = new Rows(client, failTest)
    rows.reset(5)
    const first = rows.choose('low', '')
    const second = rows.choose('wrong', '')
    calls[1]!.resolve({ indices: Uint32Array.of(1, 4), counts: COUNTS })
    calls[0]!.resolve({ indices: Uint32Array.of(0), counts: COUNTS })
    expect([await first, await second, rows.length, rows.at(1), rows.position(4)]).toEqual([null, 2, 2, 4, 1])
  })
  test('are not asked for twice while the answer is on its way', async () => {
    const { client, calls } = handClient()
    const rows = new Rows(client, failTest)
    rows.reset(100)
    rows.want([0, 1])
    rows.want([0, 1, 2])
    calls[0]!.resolve(read([0, 1]))
    await settle()
    calls[1]!.resolve(read([2]))
    await settle()
    expect([calls.map((call) => call.params.indices), rows.prompt(2)]).toEqual([[[0, 1], [2]], 'prompt 2'])
  })
  test('skip what was scrolled past before it was asked for', async () => {
    const { client, calls } = handClient()
    const rows = new Rows(client, failTest)
    rows.reset(100)
    rows.want([0])
    rows.want([50])
    rows.want([90])
    calls[0]!.resolve(read([0]))
    await settle()
    expect(calls.map((call) => call.params.indices)).toEqual([[0], [90]])
  })
  test('forget the former file, even what was on its way', async () => {
    const { client, calls } = handClient()
    const rows = new Rows(client, failTest)
    rows.reset(5)
    rows.want([0])
    rows.reset(5)
    calls[0]!.resolve(read([0]))
    await settle()
    expect(rows.prompt(0)).toBeUndefined()
  })
})
