import { describe, expect, test } from 'vitest'
import { RunState, type RunListeners } from '../../src/app/state/run.svelte'
import { AppError } from '../../src/core/errors'
import type { Client } from '../../src/worker/client'
import type { AnswerSummary, LoadProgress, ModelState, RunEvent, RunSettings, RunSummary } from '../../src/worker/protocol'

const SETTINGS: RunSettings = {
  model: { modelId: 'default', precision: 'q8', device: 'auto', arithmetic: 'float', workers: 0 },
  topK: 3,
  contextWords: 95,
  openBook: { library: 'off', passages: 3, isAlsoWithContext: false },
}
const summaryOf = (change: Partial<RunSummary>): RunSummary => ({
  runId: 'r1',
  status: 'done',
  done: 2,
  total: 2,
  seconds: 1,
  model: {} as ModelState,
  submissionBytes: 30,
  evaluation: null,
  passageCount: 0,
  retrievalSeconds: 0,
  scoringSeconds: 1,
  ...change,
})
const answer = (index: number): AnswerSummary => ({ index, letters: ['A', 'B'], ranking: [0, 1], probabilities: [0.7, 0.3], place: 1 })
const progress = { done: 1, total: 2, rate: 4, secondsLeft: 1 }

type Event = RunEvent | LoadProgress
/** A worker whose run is moved by hand; an abort ends it as the real one does. */
class HandWorker {
  emit!: (event: Event) => void
  finish!: (summary: RunSummary) => void
  fail!: (error: unknown) => void
  readonly calls: string[] = []
  readonly client = {
    call: (name: string, _params: unknown, options: { signal?: AbortSignal; onEvent?: (event: Event) => void } = {}) => {
      this.calls.push(name)
      if (name === 'run.stop') return Promise.resolve(summaryOf({ status: 'stopped', done: 1 }))
      return new Promise((resolve, reject) => {
        this.emit = (event) => options.onEvent?.(event)
        this.finish = resolve
        this.fail = reject
        options.signal?.addEventListener('abort', () => {
          reject(new AppError('aborted'))
        })
      })
    },
  } as unknown as Client
}
function runWith(worker: HandWorker): RunState {
  const listeners: RunListeners = { onStarted: () => undefined, onLoad: () => undefined, onEnded: () => undefined }
  return new RunState(worker.client, listeners)
}

describe('one run, as the page sees it', () => {
  test('shows answers as they come and ends with the summary', async () => {
    const worker = new HandWorker()
    const run = runWith(worker)
    const ended = run.start(SETTINGS, 2)
    worker.emit({ kind: 'started', runId: 'r1', total: 2, done: 0 })
    worker.emit({ kind: 'answers', answers: [answer(1)], progress, mapAt3: 1 })
    const during = [run.status, run.done, run.answer(1)?.index, run.answer(0)]
    worker.finish(summaryOf({}))
    await ended
    expect([during, run.status, run.summary?.submissionBytes]).toEqual([['running', 1, 1, undefined], 'done', 30])
  })
  test('remembers that it is not kept until the next run begins', () => {
    const worker = new HandWorker()
    const run = runWith(worker)
    void run.start(SETTINGS, 2)
    worker.emit({ kind: 'started', runId: 'r1', total: 2, done: 0 })
    worker.emit({ kind: 'unkept', reason: 'QuotaExceededError' })
    const told = run.unkept
    void run.start(SETTINGS, 2)
    expect([told, run.unkept]).toEqual([{ reason: 'QuotaExceededError' }, null])
  })
  test('counts an answer that comes twice once', async () => {
    const worker = new HandWorker()
    const run = runWith(worker)
    void run.start(SETTINGS, 2)
    worker.emit({ kind: 'started', runId: 'r1', total: 2, done: 0 })
    worker.emit({ kind: 'answers', answers: [answer(0), answer(0)], progress, mapAt3: 1 })
    expect([run.done, run.tally.scored]).toEqual([1, 1])
  })
  test('a paused run keeps its answers and goes on with a resume', async () => {
    const worker = new HandWorker()
    const run = runWith(worker)
    void run.start(SETTINGS, 2)
    worker.emit({ kind: 'started', runId: 'r1', total: 2, done: 0 })
    worker.emit({ kind: 'answers', answers: [answer(0)], progress, mapAt3: 1 })
    await run.pause()
    const paused = [run.status, run.done]
    const ended = run.resume()
    worker.emit({ kind: 'started', runId: 'r1', total: 2, done: 1 })
    worker.emit({ kind: 'answers', answers: [answer(1)], progress, mapAt3: 1 })
    worker.finish(summaryOf({}))
    await ended
    expect([paused, run.status, run.done, worker.calls]).toEqual([['paused', 1], 'done', 2, ['run.start', 'run.resume']])
  })
  test('a run stopped before it has begun leaves nothing behind', async () => {
    const worker = new HandWorker()
    const run = runWith(worker)
    void run.start(SETTINGS, 2)
    await run.stop()
    expect([run.status, worker.calls]).toEqual(['none', ['run.start']])
  })
  test('a stopped run ends where it is', async () => {
    const worker = new HandWorker()
    const run = runWith(worker)
    void run.start(SETTINGS, 2)
    worker.emit({ kind: 'started', runId: 'r1', total: 2, done: 0 })
    await run.stop()
    expect([run.status, worker.calls]).toEqual(['stopped', ['run.start', 'run.stop']])
  })
  test('a failure is kept with what was answered', async () => {
    const worker = new HandWorker()
    const run = runWith(worker)
    const ended = run.start(SETTINGS, 2)
    worker.emit({ kind: 'started', runId: 'r1', total: 2, done: 0 })
    worker.emit({ kind: 'answers', answers: [answer(0)], progress, mapAt3: 1 })
    const error = new AppError('worker_lost', { reason: 'no answer' })
    worker.fail(error)
    await ended
    expect([run.status, run.error, run.done]).toEqual(['failed', error, 1])
  })
  test('a run that was replaced says nothing any more', async () => {
    const worker = new HandWorker()
    const run = runWith(worker)
    void run.start(SETTINGS, 2)
    const { emit, finish } = worker
    void run.start(SETTINGS, 2)
    emit({ kind: 'answers', answers: [answer(0)], progress, mapAt3: 1 })
    finish(summaryOf({}))
    await Promise.resolve()
    expect([run.status, run.done]).toEqual(['running', 0])
  })
  test('a stored run that was cut off is a paused one', () => {
    const run = runWith(new HandWorker())
    run.show(SETTINGS, summaryOf({ status: 'running', done: 1 }), [answer(0)])
    expect([run.status, run.done, run.runId]).toEqual(['paused', 1, 'r1'])
  })
})
