// Open book through the worker's calls: a corpus of the visitor's is indexed, searched, read by a run, exported and imported again.
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
import { openDirectorySource } from '../../src/adapters/node/source'
import { openParquet } from '../../src/adapters/parquet/parquet'
import { AppError } from '../../src/core/errors'
import type { RunStore, Scorer } from '../../src/core/ports'
import { createHandlers } from '../../src/worker/handlers'
import type { ModelChoice, Protocol, RunSettings } from '../../src/worker/protocol'
import type { Handlers } from '../../src/worker/server'

const model: ModelChoice = { modelId: 'default', precision: 'q8', device: 'cpu', arithmetic: 'float', workers: 1 }
const CSV =
  'id,prompt,A,B\n1,what do honey bees make from nectar,honey,granite\n2,which rock cools slowly,wax,granite\n3,vornex zixel,quirp,snarf\n'
const NOTES =
  'title,text\nBees,Honey bees make honey from nectar.\nRocks,Granite is a rock that cools slowly.\nSun,The sun is a star that shines.\n'

let handlers: Handlers
let runs: RunStore
let beforeScoring: () => Promise<unknown>
function scorer(): Scorer {
  const overlap = createOverlapScorer()
  const expected = (JSON.parse(readFileSync('models/default/model.json', 'utf8')) as { selfTest: { logits: number[] } }).selfTest.logits
  let isTested = false
  return {
    ...overlap,
    async score(signal, inputs, onLogits) {
      if (isTested) {
        await beforeScoring()
        await overlap.score(signal, inputs, onLogits)
      } else onLogits(0, Float32Array.from(expected))
      isTested = true
    },
  }
}
beforeEach(() => {
  beforeScoring = () => Promise.resolve()
  runs = createMemoryRunStore()
  const store = createMemoryChunkStore()
  const cache = (folder: string) => () => ({
    source: openDirectorySource(folder),
    store,
    sha256,
    exclusively: <T>(_signal: unknown, _name: unknown, work: () => Promise<T>) => work(),
  })
  let number = 0
  handlers = createHandlers({
    clock: createClock(),
    newId: () => `run-${++number}`,
    wallClock: () => 1,
    runs,
    isIsolated: true,
    modelIds: ['default'],
    models: createMemoryModelStore(),
    cache: cache('models/default'),
    libraries: createMemoryLibraryStore(),
    libraryIds: [],
    libraryCache: cache('libraries/openstax'),
    inflate: inflateRaw,
    deflate: deflateRaw,
    openParquet,
    openDirectory: () => Promise.reject(new Error('not used')),
    openRemote: () => {
      throw new Error('not used')
    },
    openReference: () => Promise.reject(new Error('not used')),
    openEmbedder: () => Promise.reject(new Error('not used')),
    openCpu: () => Promise.resolve(scorer()),
    openGpu: () => Promise.reject(new AppError('device_unavailable', { device: 'WebGPU', reason: 'test' })),
    findGpu: () => Promise.resolve('none'),
    storage: { view: () => Promise.reject(new Error('not used')), clear: () => Promise.resolve() },
    viewDevice: () => Promise.reject(new Error('not used')),
  })
})
const call = <C extends keyof Protocol>(name: C, params: Protocol[C]['params'], signal = new AbortController().signal) =>
  handlers[name](params, { signal, emit: () => undefined })
const file = (name: string, text: string) => ({ name, blob: new Blob([text]) })
const addNotes = () => call('library.add', { files: [file('notes.csv', NOTES)], title: 'Notes', textColumn: 'text', titleColumn: 'title' })
const settings = (library: string): RunSettings => ({
  model,
  topK: 3,
  contextWords: 95,
  openBook: { library, passages: 2, isAlsoWithContext: false },
})

describe('open book over a corpus of the visitor', () => {
  it('is indexed, listed and searched', async () => {
    const { id } = await addNotes()
    const { hits } = await call('library.search', { id, words: 'nectar', count: 3 })
    const { entries } = await call('library.list', null)
    expect({
      hits: hits.map(({ title, source }) => [title, source]),
      list: entries.map((entry) => [entry.id, entry.title, entry.passages]),
    }).toEqual({
      hits: [['Bees', 'notes.csv, row 1']],
      list: [[id, 'Notes', 3]],
    })
  })
  it('gives every row its passages, and the shares without them', async () => {
    const { id } = await addNotes()
    await call('file.open', file('exam.csv', CSV))
    const summary = await call('run.start', settings(id))
    const rows = await call('rows.read', { indices: [0, 1, 2] })
    expect(rows.map(({ answer }) => [answer?.passages[0]?.title ?? null, answer?.closedProbabilities?.length ?? null])).toEqual([
      ['Bees', 2],
      ['Rocks', 2],
      [null, null],
    ])
    expect({ passages: summary.passageCount, isTimed: summary.retrievalSeconds > 0 && summary.scoringSeconds >= 0 }).toEqual({
      passages: 2,
      isTimed: true,
    })
  })
  it('keeps how long it took to look passages up, over a pause and when the run is opened again', async () => {
    const { id } = await addNotes()
    await call('file.open', file('exam.csv', CSV))
    const controller = new AbortController()
    beforeScoring = () => {
      controller.abort()
      return Promise.resolve()
    }
    await expect(call('run.start', settings(id), controller.signal)).rejects.toMatchObject({ code: 'aborted' })
    const [paused] = await call('run.list', null)
    beforeScoring = () => Promise.resolve()
    const done = await call('run.resume', { runId: paused!.id })
    const other = await call('run.start', settings('off'))
    const { summary } = await call('run.open', { runId: paused!.id })
    expect(summary).toEqual(done)
    expect([paused!.retrievalSeconds! > 0, done.retrievalSeconds > paused!.retrievalSeconds!]).toEqual([true, true])
    expect(done.retrievalSeconds + done.scoringSeconds).toBeCloseTo(done.seconds, 9)
    expect(other.retrievalSeconds).toBe(0)
  })
  it('opens a run that was stored before that time was kept', async () => {
    const { id } = await addNotes()
    await call('file.open', file('exam.csv', CSV))
    const { runId } = await call('run.start', settings(id))
    const { retrievalSeconds: _, ...old } = (await runs.get(runId))!
    const bytes = (await runs.file(runId))!
    await runs.delete(runId)
    await runs.create({ ...old, id: 'old' }, bytes)
    const { summary } = await call('run.open', { runId: 'old' })
    expect([summary.retrievalSeconds, summary.scoringSeconds]).toEqual([0, old.seconds])
  })
  it('goes on when the library is deleted while it is read', async () => {
    const { id } = await addNotes()
    await call('file.open', file('exam.csv', CSV))
    beforeScoring = () => call('library.delete', { id })
    expect(await call('run.start', settings(id))).toMatchObject({ status: 'done', done: 3, passageCount: 2 })
    expect(await call('library.list', null)).toEqual({ entries: [], unreadable: [] })
  })
  it('is resumed after the deleted library was imported again', async () => {
    const { id } = await addNotes()
    const pack = await call('library.export', { id })
    await call('file.open', file('exam.csv', CSV))
    const controller = new AbortController()
    beforeScoring = async () => {
      await call('library.delete', { id })
      controller.abort()
    }
    await expect(call('run.start', settings(id), controller.signal)).rejects.toMatchObject({ code: 'aborted' })
    const runId = (await call('run.list', null))[0]!.id
    beforeScoring = () => Promise.resolve()
    await expect(call('run.resume', { runId })).rejects.toMatchObject({ code: 'library_gone' })
    expect((await call('library.import', { name: 'Notes.tar', blob: pack })).id).toBe(id)
    expect(await call('run.resume', { runId })).toMatchObject({ status: 'done', done: 3, passageCount: 2 })
  })
  it('shows the passages of a typed question', async () => {
    const { id } = await addNotes()
    const { contextWords, openBook } = settings(id)
    const asked = { model, prompt: 'what do bees make', options: ['honey', 'granite'], context: null, contextWords, openBook }
    const { answer, retrievalSeconds } = await call('ask', asked)
    expect([answer.passages[0]?.title, retrievalSeconds > 0]).toEqual(['Bees', true])
  })
})
