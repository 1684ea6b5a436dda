// The wire between page and worker, over a MessageChannel.
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/errors'
import { createClient, type Client, type WorkerHandle } from '../../src/worker/client'
import { serve, type Handlers } from '../../src/worker/server'

const clients: Client[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

function connect(handlers: Partial<Handlers>, isDeaf = false, lostAfterMs?: number): { client: Client; started: () => number } {
  let started = 0
  const client = createClient(() => {
    started++
    const { port1, port2 } = new MessageChannel()
    if (!isDeaf) serve(port2, handlers as Handlers)
    return Object.assign(port1, { terminate: () => void port1.close() }) as unknown as WorkerHandle
  }, lostAfterMs)
  clients.push(client)
  return { client, started: () => started }
}
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new AppError('aborted'))
    })
  })

describe('a call', () => {
  it('resolves with what the handler returns', async () => {
    const { client } = connect({ 'run.list': () => Promise.resolve([]) })
    expect(await client.call('run.list', null)).toEqual([])
  })
  it('delivers events before the result', async () => {
    const { client } = connect({
      'file.open': (_, { emit }) => {
        emit({ done: 1, total: 2, rate: 0, secondsLeft: null })
        return Promise.reject(new AppError('file_empty', { file: 'a.csv' }))
      },
    })
    const seen: number[] = []
    await client
      .call('file.open', { name: 'a.csv', blob: new Blob([]) }, { onEvent: ({ done }) => seen.push(done) })
      .catch(() => seen.push(-1))
    expect(seen).toEqual([1, -1])
  })
  it('keeps code and values of an AppError', async () => {
    const { client } = connect({
      'run.stop': () => Promise.reject(new AppError('file_too_large', { file: 'a.csv', megabytes: 900, limit: 512 })),
    })
    await expect(client.call('run.stop', { runId: '1' })).rejects.toMatchObject({
      code: 'file_too_large',
      detail: { file: 'a.csv', megabytes: 900, limit: 512 },
    })
  })
  it('turns a bug into an internal error with its message', async () => {
    const { client } = connect({ 'run.stop': () => Promise.reject(new Error('x is undefined')) })
    await expect(client.call('run.stop', { runId: '1' })).rejects.toMatchObject({ code: 'internal', detail: { message: 'x is undefined' } })
  })
  it('is aborted through its signal', async () => {
    const { client } = connect({ 'run.resume': (_, { signal }) => aborted(signal) })
    const controller = new AbortController()
    const call = client.call('run.resume', { runId: '1' }, { signal: controller.signal })
    controller.abort()
    await expect(call).rejects.toMatchObject({ code: 'aborted' })
  })
  it('is not sent at all when its signal is aborted already', async () => {
    const { client, started } = connect({})
    await expect(client.call('run.list', null, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    expect(started()).toBe(0)
  })
})

describe('a lost worker', () => {
  it('rejects every open call, and the next call starts a new one', async () => {
    const { client, started } = connect({}, true)
    const calls = [client.call('run.list', null), client.call('storage.view', null)]
    client.close()
    const results = await Promise.allSettled(calls)
    expect(results.map((r) => (r.status === 'rejected' ? (r.reason as AppError).code : 'ok'))).toEqual(['worker_lost', 'worker_lost'])
    const again = client.call('run.list', null)
    client.close()
    await expect(again).rejects.toMatchObject({ code: 'worker_lost' })
    expect(started()).toBe(2)
  })
})
