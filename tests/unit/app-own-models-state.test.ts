// The state of the visitor's own models over a worker that is played by hand.
import { beforeEach, describe, expect, it } from 'vitest'
import { OwnModels } from '../../src/app/state/own-models.svelte'
import { AppError } from '../../src/core/errors'
import type { Client } from '../../src/worker/client'
import type { ModelEntry, ModelView } from '../../src/worker/protocol'

const VIEW: ModelView = {
  kind: 'checkpoint',
  title: 'my-bert',
  architecture: 'bert',
  layers: 2,
  width: 32,
  vocabulary: 600,
  layout: 'pairs',
  isPairScorer: false,
  licence: null,
  tokens: { usual: 64, most: 64 },
  sizes: [
    { precision: 'q8', bytes: 50 },
    { precision: 'fp32', bytes: 160 },
  ],
  bytes: 177,
}
const entry = { modelId: 'own', title: 'my-bert' } as ModelEntry

let calls: { name: string; params: unknown }[]
let answers: Record<string, (params: never, signal: AbortSignal) => unknown>
let changes: number
let own: OwnModels
const client = {
  call: async (name: string, params: never, options?: { signal?: AbortSignal }) => {
    calls.push({ name, params })
    return answers[name]!(params, options?.signal ?? new AbortController().signal)
  },
} as unknown as Client
const untilStopped = (_: never, signal: AbortSignal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new AppError('aborted'))
    })
  })
const files = [{ name: 'my-bert/config.json', blob: new File(['{}'], 'config.json') }]
const names = () => calls.map(({ name }) => name)

beforeEach(() => {
  calls = []
  changes = 0
  answers = {
    'models.inspect': () => VIEW,
    'models.add': () => entry,
    'models.letGo': () => null,
    'models.remove': () => null,
    'models.rename': () => null,
  }
  own = new OwnModels(client, () => {
    changes++
    return Promise.resolve()
  })
})

describe('a model on its way in', () => {
  it('is looked at first, then made with what was settled', async () => {
    await own.open(files)
    expect([own.status, own.title, own.precision, own.maxTokens, own.needs]).toEqual(['chosen', 'my-bert', 'q8', 64, 50])
    own.precision = 'fp32'
    own.maxTokens = 48
    expect(own.needs).toBe(160)
    await own.add()
    expect(calls[1]).toMatchObject({ name: 'models.add', params: { title: 'my-bert', precision: 'fp32', maxTokens: 48 } })
    expect([own.status, own.added, own.view, changes]).toEqual(['none', entry, null, 1])
  })
  it('keeps its own precision and tokens where it was compiled before', async () => {
    answers['models.inspect'] = () => ({ ...VIEW, kind: 'folder' })
    await own.open(files)
    expect(own.needs).toBe(210)
    await own.add()
    expect(calls[1]).toMatchObject({ params: { precision: null, maxTokens: null } })
  })
  it('stays chosen when making it is cancelled or fails', async () => {
    await own.open(files)
    answers['models.add'] = untilStopped
    const adding = own.add()
    expect(own.status).toBe('working')
    own.stop()
    await adding
    expect([own.status, own.error]).toEqual(['chosen', null])
    answers['models.add'] = () => Promise.reject(new AppError('model_not_stored', {}))
    await own.add()
    expect([own.status, own.error]).toMatchObject(['chosen', { code: 'model_not_stored' }])
  })
  it('is let go with the sentence that refuses it', async () => {
    answers['models.inspect'] = () => Promise.reject(new AppError('checkpoint_damaged', {}))
    await own.open(files)
    expect([own.status, own.error]).toMatchObject(['none', { code: 'checkpoint_damaged' }])
  })
  it('shows what was chosen last', async () => {
    answers['models.inspect'] = untilStopped
    const first = own.open(files)
    answers['models.inspect'] = () => ({ ...VIEW, title: 'second' })
    await Promise.all([first, own.open(files)])
    expect([own.status, own.title]).toEqual(['chosen', 'second'])
  })
  it('leaves nothing fetched when it is cancelled, while it arrives and after', async () => {
    own.address = ' models.example/one '
    answers['models.inspect'] = untilStopped
    const fetching = own.openAddress()
    own.stop()
    await fetching
    expect([own.status, own.error, calls.at(-1)]).toEqual([
      'none',
      null,
      { name: 'models.letGo', params: { address: 'models.example/one' } },
    ])
    answers['models.inspect'] = () => VIEW
    await own.openAddress()
    await own.cancel()
    expect([own.status, names().filter((name) => name === 'models.letGo').length]).toEqual(['none', 2])
  })
  it('is fetched on from where it stopped when the connection failed', async () => {
    own.address = 'models.example/one'
    answers['models.inspect'] = () => Promise.reject(new AppError('download_failed', {}))
    await own.openAddress()
    expect([own.address, names()]).toEqual(['models.example/one', ['models.inspect']])
  })
})

describe('a model that is there', () => {
  it('is hidden at once and deleted later, unless it is taken back', async () => {
    own.hide('own')
    expect(own.isHidden('own')).toBe(true)
    own.restore('own')
    expect([own.isHidden('own'), names()]).toEqual([false, []])
    own.hide('own')
    await own.remove('own')
    expect([own.isHidden('own'), names(), changes]).toEqual([false, ['models.remove'], 1])
  })
  it('is renamed while another one is being made', async () => {
    await own.open(files)
    answers['models.add'] = untilStopped
    const adding = own.add()
    await own.rename('own', 'Better')
    expect(own.status).toBe('working')
    own.stop()
    await adding
  })
})
