// The worker's calls end to end, over ports in memory: open, map, run, pause, resume, stop, open again, files, ask.
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { deflateRaw, inflateRaw } from '../../src/adapters/compression/deflate'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createOverlapScorer } from '../../src/adapters/memory/scorer'
import {
  createMemoryChunkStore,
  createMemoryLibraryStore,
  createMemoryModelStore,
  createMemoryRunStore,
} from '../../src/adapters/memory/stores'
import { openParquet } from '../../src/adapters/parquet/parquet'
import { openDirectorySource } from '../../src/adapters/node/source'
import { AppError } from '../../src/core/errors'
import type { RunStore, Scorer } from '../../src/core/ports'
import { createHandlers } from '../../src/worker/handlers'
import type { ModelChoice, Protocol, RunEvent, RunSettings } from '../../src/worker/protocol'
import type { Handlers } from '../../src/worker/server'

const choice: ModelChoice = { modelId: 'default', precision: 'q8', device: 'cpu', arithmetic: 'float', workers: 1 }
const settings: RunSettings = {
  model: choice,
  topK: 3,
  contextWords: 95,
  openBook: { library: 'off', passages: 0, isAlsoWithContext: false },
}
const CSV =
  'id,prompt,A,B,C,answer\n10,the sun is a,planet,sun star,comet,B\n11,bees make honey from,honey nectar,rock,tar,A\n12,an empty one,,,,\n13,water is,wet water,dry,cold,C\n'

let runs: RunStore
let handlers: Handlers
/** The overlap scorer with the manifest's own logits for the self-test; waits for `gate` before every question. */
function scorer(gate: () => Promise<void> = () => Promise.resolve()): Scorer {
  const overlap = createOverlapScorer()
  const expected = (JSON.parse(readFileSync('models/default/model.json', 'utf8')) as { selfTest: { logits: number[] } }).selfTest.logits
  let isTested = false
  return {
    ...overlap,
    async score(signal, inputs, onLogits) {
      if (!isTested) {
        isTested = true
        onLogits(0, Float32Array.from(expected))
        return
      }
      for (const [index, input] of inputs.entries()) {
        await gate()
        await overlap.score(signal, [input], (_, logits) => {
          onLogits(index, logits)
        })
      }
    },
  }
}
function create(openCpu: () => Promise<Scorer> = () => Promise.resolve(scorer())): Handlers {
  let runNumber = 0
  return createHandlers({
    clock: createClock(),
    newId: () => `run-${++runNumber}`,
    wallClock: () => 1,
    runs,
    isIsolated: true,
    modelIds: ['default'],
    models: createMemoryModelStore(),
    cache: () => ({
      source: openDirectorySource('models/default'),
      store: createMemoryChunkStore(),
      sha256,
      exclusively: (_s, _n, work) => work(),
    }),
    libraries: createMemoryLibraryStore(),
    libraryIds: ['openstax'],
    libraryCache: () => ({
      source: openDirectorySource('libraries/openstax'),
      store: createMemoryChunkStore(),
      sha256,
      exclusively: (_s, _n, work) => work(),
    }),
    inflate: inflateRaw,
    deflate: deflateRaw,
    openParquet,
    openCpu,
    openGpu: () => Promise.reject(new AppError('device_unavailable', { device: 'WebGPU', reason: 'test' })),
    findGpu: () => Promise.resolve('none'),
    openDirectory: () => Promise.reject(new Error('not used')),
    openRemote: () => {
      throw new Error('not used')
    },
    openReference: () => Promise.reject(new Error('not used')),
    openEmbedder: () => Promise.reject(new Error('not used')),
    storage: { view: () => Promise.reject(new Error('not used')), clear: () => Promise.resolve() },
    viewDevice: () => Promise.reject(new Error('not used')),
  })
}
async function call<C extends keyof Protocol>(
  name: C,
  params: Protocol[C]['params'],
  onEvent: (event: Protocol[C]['event']) => void = () => undefined,
  signal = new AbortController().signal,
) {
  return handlers[name](params, { signal, emit: onEvent })
}
const openCsv = (text: string) => call('file.open', { name: 'exam.csv', blob: new Blob([text]) })

beforeEach(() => {
  runs = createMemoryRunStore()
  handlers = create()
})

describe('the worker', () => {
  it('reads a file and says what it found', async () => {
    const view = await openCsv(CSV)
    expect({ rows: view.rowCount, labelled: view.labelledCount, letters: view.letters, blocker: view.blocker }).toEqual({
      rows: 4,
      labelled: 3,
      letters: ['A', 'B', 'C'],
      blocker: null,
    })
    expect(view.problems.map((p) => [p.row, p.code])).toContainEqual([3, 'options_missing'])
  })
  it('answers a file and gives a line for every row', async () => {
    await openCsv(CSV)
    const events: string[] = []
    const summary = await call('run.start', settings, (event) => events.push('kind' in event ? event.kind : 'load'))
    const lines = (await (await call('run.submission', { runId: summary.runId })).text()).trim().split('\n')
    expect(lines.map((line) => line.split(',')[0])).toEqual(['id', '10', '11', '12', '13'])
    expect(lines[1]).toMatch(/^10,B/)
    expect({ status: summary.status, done: summary.done, scored: summary.evaluation?.scored }).toEqual({
      status: 'done',
      done: 4,
      scored: 3,
    })
    expect(events).toContain('answers')
  })
  it('gives the same bytes after a pause and a reload', async () => {
    await openCsv(CSV)
    const whole = await (await call('run.submission', { runId: (await call('run.start', settings)).runId })).text()
    const controller = new AbortController()
    let asked = 0
    handlers = create(() =>
      Promise.resolve(
        scorer(() => {
          if (++asked === 3) controller.abort()
          return Promise.resolve()
        }),
      ),
    )
    await openCsv(CSV)
    let runId = ''
    const paused = call(
      'run.start',
      settings,
      (event) => (runId = (event as RunEvent).kind === 'started' ? (event as { runId: string }).runId : runId),
      controller.signal,
    )
    await expect(paused).rejects.toMatchObject({ code: 'aborted' })
    expect(await runs.get(runId)).toMatchObject({ status: 'paused' })
    handlers = create() // a reloaded page
    const summary = await call('run.resume', { runId })
    expect(await (await call('run.submission', { runId })).text()).toBe(whole)
    expect(summary.status).toBe('done')
  })
  it('stops a paused run where it is and still has a line for every row', async () => {
    const controller = new AbortController()
    handlers = create(() => Promise.resolve(scorer(() => (controller.abort(), Promise.resolve()))))
    await openCsv(CSV)
    let runId = ''
    await call(
      'run.start',
      settings,
      (event) => (runId = (event as RunEvent).kind === 'started' ? (event as { runId: string }).runId : runId),
      controller.signal,
    ).catch(() => undefined)
    const summary = await call('run.stop', { runId })
    const lines = (await (await call('run.submission', { runId })).text()).trim().split('\n')
    expect([summary.status, lines.length]).toEqual(['stopped', 5])
  })
  it('does not answer skipped rows, but keeps their lines', async () => {
    const view = await openCsv(CSV)
    await call('file.change', { mapping: view.mapping, edits: { ...view.edits, skippedRows: [1] } })
    const summary = await call('run.start', settings)
    const lines = (await (await call('run.submission', { runId: summary.runId })).text()).trim().split('\n')
    expect([summary.total, lines[1]]).toEqual([3, '10,A B C'])
  })
  it('selects rows by filter and by text', async () => {
    await openCsv(CSV)
    await call('run.start', settings)
    const wrong = await call('rows.select', { filter: 'wrong', search: '' })
    const bees = await call('rows.select', { filter: 'all', search: 'BEES' })
    expect([Array.from(wrong.indices), Array.from(bees.indices), wrong.counts.all]).toEqual([[3], [1], 4])
  })
  it('looks at a stored run without closing the open file', async () => {
    await openCsv(CSV)
    const { runId } = await call('run.start', settings)
    await openCsv('prompt,A,B\nother,x,y\n')
    const viewed = await call('run.view', { runId })
    const [row] = await call('run.rows', { runId, indices: [1] })
    const [open] = await call('rows.read', { indices: [0] })
    expect([viewed.answers.length, row!.question.prompt, open!.question.prompt]).toEqual([4, 'bees make honey from', 'other'])
  })
  it('ranks one question and leaves empty options out', async () => {
    const result = await call('ask', {
      model: choice,
      prompt: 'the sun is',
      options: ['', 'the sun', 'rock'],
      context: null,
      contextWords: 95,
      openBook: settings.openBook,
    })
    expect([result.letters, result.letters[result.answer.ranking[0]!]]).toEqual([['B', 'C'], 'B'])
  })
  it('asks for two options at least', async () => {
    const params = { model: choice, prompt: 'x', options: ['a', ' '], context: null, contextWords: 95, openBook: settings.openBook }
    await expect(call('ask', params)).rejects.toMatchObject({ code: 'question_incomplete' })
  })
  it('goes on in memory when a run cannot be stored, and says so', async () => {
    const refuse = () => Promise.reject(new AppError('storage_refused', { what: 'the run', reason: 'QuotaExceededError' }))
    const stored = runs
    const tell = async (refused: Partial<typeof runs>) => {
      runs = { ...stored, ...refused }
      handlers = create()
      await openCsv(CSV)
      const told: unknown[] = []
      const { status } = await call('run.start', settings, (event) => {
        if ('kind' in event && event.kind === 'unkept') told.push(event.reason)
      })
      return [status, told]
    }
    const full = { isPersistent: true, update: refuse, appendAnswers: refuse }
    expect([await tell({ ...full, create: refuse }), await tell(full), await tell({ isPersistent: true })]).toEqual([
      ['done', ['QuotaExceededError']],
      ['done', ['QuotaExceededError']],
      ['done', []],
    ])
    expect(await tell({ isPersistent: false })).toEqual(['done', [null]])
  })
  it('says that a run is gone', async () => {
    await expect(call('run.open', { runId: 'nope' })).rejects.toMatchObject({ code: 'run_missing' })
  })
})
