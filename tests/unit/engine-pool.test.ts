import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FromWorker, OpenMessage, Port, ToWorker } from '../../src/adapters/engine/messages'
import { Pool, type Portion } from '../../src/adapters/engine/pool'
import { toPortions } from '../../src/adapters/engine/portions'
import { tokensOf, toEngineInput } from '../../src/adapters/engine/questions'
import type { PairsInput, SharedPrefixInput } from '../../src/core/types'

const never = new AbortController().signal
const message = { kind: 'open' } as OpenMessage

/** A worker that the test plays: it sees what is sent and answers when it is told to. */
class PlayedWorker implements Port {
  readonly sent: ToWorker[] = []
  isTerminated = false
  private listener: (message: FromWorker) => void = () => undefined
  stop: (reason: string) => void = () => undefined

  post(sent: ToWorker): void {
    this.sent.push(sent)
    if (sent.kind === 'open') queueMicrotask(() => { this.listener({ kind: 'ready' }) }) // prettier-ignore
  }
  onMessage(listener: (message: FromWorker) => void): void {
    this.listener = listener
  }
  onStop(listener: (reason: string) => void): void {
    this.stop = listener
  }
  terminate(): void {
    this.isTerminated = true
  }
  /** Questions that it was asked, by their first prefix id. */
  get asked(): number[] {
    return this.sent.flatMap((sent) => (sent.kind === 'answer' ? sent.questions.map(({ prefixIds }) => prefixIds[0] ?? NaN) : []))
  }
  /** Answers what it was asked as the n-th: the logit is the question's first id. */
  answer(n: number): void {
    const sent = this.sent.filter((one) => one.kind === 'answer')[n]
    if (!sent) throw new Error(`internal: it was not asked ${String(n + 1)} times`)
    const logits = sent.questions.map(({ prefixIds }) => Float32Array.of(prefixIds[0] ?? NaN))
    this.listener({ kind: 'answered', id: sent.id, logits })
  }
}
const question = (id: number): SharedPrefixInput => ({
  layout: 'shared-prefix',
  prefixIds: Int32Array.of(id, 0),
  contextTokens: 0,
  choiceIds: [Int32Array.of(1, 2)],
})
const portions = (...ids: number[]): Portion[] => ids.map((id) => [question(id)])

async function openPool(workers: number): Promise<{ pool: Pool; played: PlayedWorker[] }> {
  const played: PlayedWorker[] = []
  const spawn = () => {
    const worker = new PlayedWorker()
    played.push(worker)
    return worker
  }
  const pool = new Pool({ workers, spawn, open: () => ({ message, transfer: [] }), patienceMs: 1000 })
  await pool.ready()
  return { pool, played }
}

describe('the pool', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('spreads portions over its workers, one each before a second', async () => {
    const { pool, played } = await openPool(2)
    void pool.answer(never, portions(1, 2, 3, 4, 5), () => undefined)
    expect(played.map(({ asked }) => asked)).toEqual([[1, 3], [2, 4]]) // prettier-ignore
  })
  it('lets callers take turns, so that a typed question does not wait for a file', async () => {
    const { pool, played } = await openPool(1)
    const typed = vi.fn()
    void pool.answer(never, portions(1, 2, 3, 4, 5), () => undefined)
    const ask = pool.answer(never, portions(99), typed)
    for (const n of [0, 1, 2]) played[0]?.answer(n)
    await ask
    expect({ asked: played[0]?.asked.slice(0, 3), told: typed.mock.calls }).toEqual({
      asked: [1, 2, 99],
      told: [[0, [Float32Array.of(99)]]],
    })
  })
  it('replaces a worker that stops, and asks its portions again', async () => {
    const { pool, played } = await openPool(1)
    const answered: number[] = []
    const done = pool.answer(never, portions(1, 2), (portion) => answered.push(portion))
    played[0]?.stop('out of memory')
    await pool.ready()
    played[1]?.answer(0)
    played[1]?.answer(1)
    await done
    expect({ asked: played[1]?.asked, answered: answered.sort() }).toEqual({ asked: [1, 2], answered: [0, 1] })
  })
  it('replaces a worker that is silent for too long', async () => {
    const { pool, played } = await openPool(1)
    void pool.answer(never, portions(1), () => undefined)
    vi.advanceTimersByTime(1001)
    await pool.ready()
    expect({ isTerminated: played[0]?.isTerminated, asked: played[1]?.asked }).toEqual({ isTerminated: true, asked: [1] })
  })
  it('does not mind silence when nothing is asked', async () => {
    const { played } = await openPool(1)
    vi.advanceTimersByTime(100_000)
    expect(played.length).toBe(1)
  })
  it('gives up a portion that stops three workers, and keeps the others', async () => {
    const { pool, played } = await openPool(1)
    const lost = pool.answer(never, portions(1), () => undefined)
    const rejection = expect(lost).rejects.toMatchObject({ code: 'worker_lost', detail: { reason: 'unreachable' } })
    for (const n of [0, 1, 2]) {
      played[n]?.stop('unreachable')
      await pool.ready()
    }
    await rejection
    const next = pool.answer(never, portions(2), () => undefined)
    played[3]?.answer(0)
    await expect(next).resolves.toBeUndefined()
  })
  it('ignores answers to what was aborted', async () => {
    const { pool, played } = await openPool(1)
    const controller = new AbortController()
    const told = vi.fn()
    const run = pool.answer(controller.signal, portions(1, 2, 3), told)
    controller.abort()
    await expect(run).rejects.toMatchObject({ code: 'aborted' })
    played[0]?.answer(0)
    played[0]?.answer(1)
    expect({ told: told.mock.calls.length, asked: played[0]?.asked }).toEqual({ told: 0, asked: [1, 2] })
  })
  it('passes on what the listener throws', async () => {
    const { pool, played } = await openPool(1)
    const run = pool.answer(never, portions(1), () => {
      throw new Error('no room')
    })
    played[0]?.answer(0)
    await expect(run).rejects.toThrow('no room')
  })
  it('refuses questions once it is closed', async () => {
    const { pool, played } = await openPool(1)
    pool.close()
    await expect(pool.answer(never, portions(1), () => undefined)).rejects.toMatchObject({ code: 'worker_lost' })
    expect(played[0]?.isTerminated).toBe(true)
  })
})

describe('portions', () => {
  const questions = fc.array(
    fc.record({
      layout: fc.constant('shared-prefix' as const),
      prefixIds: fc.integer({ min: 2, max: 60 }).map((n) => new Int32Array(n)),
      contextTokens: fc.constant(0),
      choiceIds: fc.array(fc.integer({ min: 2, max: 40 }).map((n) => Int32Array.from({ length: n }, (_, i) => i)), { minLength: 1, maxLength: 12 }), // prettier-ignore
    }),
    { maxLength: 12 },
  )
  it('hold every choice of every question once, in order, and never more tokens than a pass', () => {
    fc.assert(
      fc.property(questions, fc.integer({ min: 100, max: 400 }), fc.integer({ min: 1, max: 4 }), (inputs, rows, workers) => {
        const cut = toPortions(inputs, rows, workers)
        const choices = inputs.map(() => [] as Int32Array[])
        for (const { question: index, firstChoice, input } of cut.flat()) {
          expect(firstChoice).toBe(choices[index]?.length)
          choices[index]?.push(...input.choiceIds)
        }
        expect(choices).toEqual(inputs.map(({ choiceIds }) => choiceIds))
        for (const parts of cut) expect(parts.reduce((sum, { input }) => sum + tokensOf(input), 0)).toBeLessThanOrEqual(rows)
      }),
    )
  })
  it('put short questions together', () => {
    expect(toPortions(Array.from({ length: 64 }, (_, i) => question(i)), 400, 1).map(({ length }) => length)).toEqual([48, 16]) // prettier-ignore
  })
  it('fill a pass with pairs, of whatever questions, each with its token types', () => {
    const pairs = (tokens: number, count: number): PairsInput => ({
      layout: 'pairs',
      pairs: Array.from({ length: count }, (_, i) => ({ ids: new Int32Array(tokens).fill(i), types: new Int32Array(tokens).fill(i) })),
    })
    const cut = toPortions([pairs(100, 5), pairs(150, 2), pairs(400, 1)].map(toEngineInput), 384, 1)
    expect(cut.map((parts) => parts.map(({ question: index, firstChoice }) => [index, firstChoice]))).toEqual([
      [[0, 0], [0, 1], [0, 2]],
      [[0, 3], [0, 4], [1, 0]],
      [[1, 1]],
      [[2, 0]],
    ]) // prettier-ignore
    for (const { input } of cut.flat()) expect(input.choiceTypes).toEqual(input.choiceIds)
  })
  it('give every worker something to do where there are few questions', () => {
    expect(toPortions(Array.from({ length: 6 }, (_, i) => question(i)), 400, 3).map(({ length }) => length)).toEqual([2, 2, 2]) // prettier-ignore
  })
})
