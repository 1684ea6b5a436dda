// The visitor's own models through the worker's calls: looked at, made, used, renamed, given out, taken in and removed, over stores in memory. Graphs run
// on the real onnxruntime.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore, createMemoryModelStore } from '../../src/adapters/memory/stores'
import { createFolderWriter, openCheckpointFolder } from '../../src/adapters/node/checkpoint'
import { openDirectorySource } from '../../src/adapters/node/source'
import { openOrtNode, openOrtNodeReference } from '../../src/adapters/ort/node'
import { AppError } from '../../src/core/errors'
import type { ChunkStore, ModelStore, RemoteFolder } from '../../src/core/ports'
import { readTar } from '../../src/core/retrieve'
import { ModelFiles } from '../../src/worker/model-files'
import { ModelHost } from '../../src/worker/model-host'
import type { ModelParams, ModelProgress } from '../../src/worker/protocol'
import { fixtureBytes, fixtureSources } from './checkpoint-source'

const BERT = 'bert-wordpiece'
const signal = new AbortController().signal
const alone = <T>(_s: unknown, _n: unknown, work: () => Promise<T>): Promise<T> => work()
type Named = { name: string; blob: Blob }

const file = (name: string, bytes: Uint8Array<ArrayBuffer> | string): Named => ({ name, blob: new Blob([bytes]) })
const filesOf = (folder: string, without: string[] = [], into = ''): Named[] =>
  fixtureSources(folder, ['pytorch_model.bin', ...without]).map(({ name }) => file(into + name, fixtureBytes(`${folder}/${name}`)))
/** The graph that torch exported of the BERT checkpoint, beside the files that describe it. */
const graphFiles = (): Named[] => [...filesOf(BERT, ['model.safetensors']), file('model.onnx', fixtureBytes('../onnx/choices/model.onnx'))]

let store: ChunkStore
let models: ModelStore
let host: ModelHost
let own: ModelFiles
let isOffline: boolean
let remote: (base: string) => RemoteFolder
beforeEach(() => {
  store = createMemoryChunkStore()
  models = createMemoryModelStore()
  isOffline = false
  const served = openDirectorySource('models/default')
  const source: typeof served = {
    ...served,
    readAll: (s, name) => (isOffline ? Promise.reject(new Error('fetched')) : served.readAll(s, name)),
  }
  let time = 0
  const open: typeof openOrtNode = (s, request) => openOrtNode(s, { ...request, device: 'cpu', threads: 1 })
  const deps = {
    clock: createClock(),
    wallClock: () => ++time,
    modelIds: ['default'],
    models,
    cache: () => ({ source, store, sha256, exclusively: alone }),
    isIsolated: true,
    openCpu: (s: AbortSignal, request: Parameters<typeof openOrtNode>[1]) => open(s, request),
    openGpu: () => Promise.reject(new AppError('device_unavailable', { device: 'WebGPU', reason: 'test' })),
    findGpu: () => Promise.resolve('none' as const),
    openRemote: (base: string) => remote(base),
    openDirectory: (directory: unknown, name: string) =>
      Promise.resolve({ name, writer: createFolderWriter(`${directory as string}/${name}`) }),
    openReference: (s: AbortSignal, request: Parameters<typeof openOrtNodeReference>[1]) =>
      openOrtNodeReference(s, { ...request, threads: 1 }),
  }
  host = new ModelHost(deps as never)
  own = new ModelFiles(deps as never, host)
})

const add = (
  files: Named[],
  change: Partial<ModelParams> = {},
  onProgress: (progress: ModelProgress) => void = () => undefined,
  s = signal,
) => own.add(s, { source: { files }, title: 'Own', precision: 'q8', maxTokens: null, ...change }, onProgress)
const inspect = (files: Named[]) => own.inspect(signal, { files }, () => undefined)
const titles = async () => (await host.list(signal)).map(({ title }) => title)

describe('looking at a model', () => {
  it('says what a checkpoint is and how large it is in each precision', async () => {
    const view = await inspect(filesOf(BERT, [], 'my-bert/'))
    expect(view).toMatchObject({
      kind: 'checkpoint',
      title: 'my-bert',
      architecture: 'bert',
      layers: 2,
      width: 32,
      vocabulary: 600,
      layout: 'pairs',
      isPairScorer: false,
      tokens: { usual: 64, most: 64 },
    })
    const sizes: Record<string, number> = {}
    for (const { precision, bytes } of view.sizes) {
      const { precisions } = await add(filesOf(BERT), { precision })
      expect([precision, precisions[0]!.bytes]).toEqual([precision, bytes])
      sizes[precision] = bytes
    }
    expect(sizes['fp32']!).toBeGreaterThan(sizes['fp16']!)
    expect(sizes['q8']!).toBeGreaterThan(sizes['q4']!)
  })
  it('offers a classifier with one label as a scorer of pairs', async () => {
    const config = JSON.parse(new TextDecoder().decode(fixtureBytes(`${BERT}/config.json`))) as Record<string, unknown>
    const files = (extra: object) => [...filesOf(BERT, ['config.json']), file('config.json', JSON.stringify({ ...config, ...extra }))]
    const classifier = { architectures: ['BertForSequenceClassification'] }
    expect(await inspect(files({ ...classifier, num_labels: 1, id2label: { 0: 'LABEL_0' } }))).toMatchObject({ isPairScorer: true })
    await expect(inspect(files({ ...classifier, id2label: { 0: 'a', 1: 'b', 2: 'c' } }))).rejects.toMatchObject({
      code: 'model_unsupported',
    })
  })
  it('takes an .onnx file for what it is', async () => {
    expect(await inspect(graphFiles())).toMatchObject({ kind: 'onnx', architecture: 'onnx', sizes: [{ precision: 'fp32' }] })
  })
  it.each([
    ['config.json', 'There is no config.json in the chosen files. Choose the whole folder of the model.'],
    ['tokenizer.json', 'There is no tokenizer.json in the chosen files.'],
  ])('refuses a checkpoint without %s in one sentence', async (name, sentence) => {
    await expect(inspect(filesOf(BERT, [name]))).rejects.toThrow(sentence)
  })
})

describe('a model of the visitor’s own', () => {
  it('is listed after the embedded one and answers with nothing fetched', async () => {
    const phases: string[] = []
    const { modelId, manifest } = await add(graphFiles(), { precision: null }, ({ phase }) => phases.push(phase))
    expect([await titles(), [...new Set(phases)]]).toEqual([
      [(await host.list(signal))[0]!.title, 'Own'],
      ['reading', 'writing', 'testing'],
    ])
    isOffline = true
    const choice = { modelId, precision: 'fp32', device: 'cpu', arithmetic: 'float', workers: 1 } as const
    const loaded = await host.load(signal, choice, () => undefined)
    expect([manifest.selfTest?.logits.length, loaded.selfTestError]).toEqual([5, 0])
    const { rate } = await host.measure(signal, choice, () => undefined)
    expect(rate).toBeGreaterThan(0)
  })
  it('is refused when a device does not give the logits of its self-test', async () => {
    const { modelId } = await add(graphFiles(), { precision: null })
    const record = (await models.get(modelId))!
    const selfTest = { ...record.manifest.selfTest!, logits: [9, 9, 9, 9, 9] }
    await models.put({ ...record, manifest: { ...record.manifest, selfTest } })
    const choice = { modelId, precision: 'fp32', device: 'cpu', arithmetic: 'float', workers: 1 } as const
    await expect(host.load(signal, choice, () => undefined)).rejects.toMatchObject({ code: 'self_test_failed' })
  })
  it('is the same one when it is made again, and another with other tokens', async () => {
    const first = await add(filesOf(BERT))
    expect((await add(filesOf(BERT), { title: 'Again' })).modelId).toBe(first.modelId)
    expect((await add(filesOf(BERT), { maxTokens: 48 })).modelId).not.toBe(first.modelId)
    expect((await titles()).slice(1)).toEqual(['Again', 'Own'])
  })
  it('is renamed', async () => {
    const { modelId } = await add(filesOf(BERT))
    await host.rename(modelId, 'Better')
    expect((await titles())[1]).toBe('Better')
  })
  it('leaves as a tar of its folder, and comes back byte for byte', async () => {
    const { modelId, manifest } = await add(filesOf(BERT), { title: 'Mein Modell' })
    const tar = await own.export(signal, modelId)
    const entries = await readTar('x', tar.size, async (start, end) => new Uint8Array(await tar.slice(start, end).arrayBuffer()))
    expect(entries.map(({ name }) => name)).toEqual(['model.json', ...manifest.files.map(({ name }) => name)])
    const before = await store.keys('')
    await host.remove(signal, modelId)
    const pack = { name: 'Mein-Modell.tar', blob: tar }
    expect(await inspect([pack])).toMatchObject({ kind: 'folder', title: 'Mein Modell', sizes: [{ precision: 'q8' }] })
    expect((await add([pack], { title: 'Back', precision: null })).modelId).toBe(modelId)
    expect((await store.keys('')).sort()).toEqual(before.sort())
  })
  it('leaves as its folder, model.json last, and nothing of it is left where that is stopped', async () => {
    const { modelId, manifest } = await add(filesOf(BERT), { title: 'Mein Modell' })
    const parent = await mkdtemp(join(tmpdir(), 'pagewise-'))
    const params = { modelId, directory: parent as never }
    const shown: number[] = []
    expect(await own.exportFolder(signal, params, ({ done }) => shown.push(done))).toEqual({ folder: 'Mein-Modell' })
    expect([shown.at(-1), shown.length]).toEqual([manifest.files.reduce((sum, { bytes }) => sum + bytes, 0), manifest.files.length])
    const { sources, close } = await openCheckpointFolder(join(parent, 'Mein-Modell'))
    expect(sources.map(({ name }) => name)).toEqual([...manifest.files.map(({ name }) => name), 'model.json'].sort())
    const kept = await Promise.all(sources.map(async ({ name, bytes, read }) => file(name, (await read(0, bytes)).slice())))
    await close()
    await host.remove(signal, modelId)
    expect((await add(kept, { precision: null })).modelId).toBe(modelId)

    const abort = new AbortController()
    const stopped = own.exportFolder(abort.signal, { ...params, directory: join(parent, 'other') as never }, () => abort.abort())
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    expect(await readdir(join(parent, 'other', 'Own'))).toEqual([])
    await rm(parent, { recursive: true })
  })
  it('is not taken in when a byte of it was changed', async () => {
    const tar = await own.export(signal, (await add(filesOf(BERT))).modelId)
    const bytes = new Uint8Array(await tar.arrayBuffer())
    bytes[20_000] = bytes[20_000]! ^ 1
    const [keys, listed] = [await store.keys(''), await titles()]
    await expect(add([file('x.tar', bytes)], { precision: null })).rejects.toMatchObject({ code: 'checkpoint_damaged' })
    expect([await store.keys(''), await titles()]).toEqual([keys, listed])
  })
  it('cannot be a tar of something else', async () => {
    await expect(inspect([file('x.tar', 'no archive at all'.repeat(100))])).rejects.toMatchObject({ code: 'model_pack_unreadable' })
  })
  it('takes its files with it when it is removed, but none that another model has', async () => {
    const before = await store.keys('')
    const q8 = await add(filesOf(BERT))
    const q4 = await add(filesOf(BERT), { precision: 'q4' })
    await host.remove(signal, q8.modelId)
    const choice = { modelId: q4.modelId, precision: 'q4', device: 'cpu', arithmetic: 'float', workers: 1 } as const
    const folder = await host.folder(signal, q4.modelId)
    for (const { name, bytes } of folder.manifest.files) expect(await folder.storedBytes(name)).toBe(bytes)
    await host.remove(signal, q4.modelId)
    await expect(host.load(signal, choice, () => undefined)).rejects.toMatchObject({ code: 'model_gone' })
    const stems = (await host.folder(signal, 'default')).manifest.files.find(({ name }) => name === 'stems.json')!
    expect((await store.keys('')).filter((key) => !key.startsWith(stems.sha256))).toEqual(before)
  })
})

describe('making a model', () => {
  it('leaves nothing behind when it is stopped in the middle', async () => {
    await add(filesOf(BERT), { precision: 'q4' })
    const keys = await store.keys('')
    for (const at of ['writing', 'testing'] as const) {
      const abort = new AbortController()
      const stop = ({ phase }: ModelProgress) => {
        if (phase === at) abort.abort()
      }
      await expect(add(graphFiles(), { precision: null }, stop, abort.signal)).rejects.toMatchObject({ code: 'aborted' })
      expect([await store.keys(''), (await titles()).length]).toEqual([keys, 2])
    }
  })
  it('clears what a page that was closed half-way left', async () => {
    const { modelId } = await add(filesOf(BERT))
    const keys = await store.keys('')
    await store.put('compiling/weights.q8.safetensors/0/', new Uint8Array(3))
    await store.put('unlisted/abc', new Uint8Array(0))
    await store.put('abc/0', new Uint8Array(3))
    const listed = (await models.get(modelId))!.manifest.files[0]!.sha256
    await store.put(`unlisted/${listed}`, new Uint8Array(0))
    await add(filesOf(BERT))
    expect((await store.keys('')).sort()).toEqual(keys.sort())
  })
  it('says how much room is missing when the store is full', async () => {
    const put = store.put.bind(store)
    let room = 6
    store.put = (key, bytes) =>
      --room < 0 ? Promise.reject(new AppError('storage_refused', { what: 'x', reason: 'QuotaExceededError' })) : put(key, bytes)
    const failure = add(filesOf(BERT), { precision: 'fp32' })
    await expect(failure).rejects.toMatchObject({ code: 'model_not_stored', detail: { name: 'Own', reason: 'QuotaExceededError' } })
    expect((await titles()).length).toBe(1)
  })
  it('comes from an address, whose files stay until they are compiled or let go', async () => {
    const asked: string[] = []
    remote = (base) => ({
      open(_signal, name) {
        asked.push(base + name)
        const isThere = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'].includes(name)
        if (!isThere) return Promise.resolve('missing')
        const bytes = fixtureBytes(`${BERT}/${name}`)
        const pieces = (async function* () {
          await Promise.resolve()
          yield bytes
        })()
        return Promise.resolve({ bytes: bytes.length, version: 'one', pieces, close: () => Promise.resolve() })
      },
    })
    const address = 'https://models.example/my-bert/'
    const phases: string[] = []
    const view = await own.inspect(signal, { address }, ({ phase }) => phases.push(phase))
    const count = asked.length
    const kept = (await store.keys('remote/')).length
    const { manifest } = await own.add(
      signal,
      { source: { address }, title: view.title, precision: 'q8', maxTokens: null },
      () => undefined,
    )
    expect([view.title, [...new Set(phases)], manifest.source, asked.length - count]).toEqual([
      'my-bert',
      ['fetching'],
      address.slice(0, -1),
      0,
    ])
    expect([kept > 0, await store.keys('remote/')]).toEqual([true, []])
    await own.inspect(signal, { address }, () => undefined)
    await own.letGo(address)
    expect(await store.keys('remote/')).toEqual([])
  })
})
