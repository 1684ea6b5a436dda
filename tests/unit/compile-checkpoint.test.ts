import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore } from '../../src/adapters/memory/stores'
import { halfToFloat, toFloats } from '../../src/core/checkpoint/numbers'
import { readSafetensors } from '../../src/core/compile/safetensors'
import { createEncoder } from '../../src/core/encode'
import { parseManifest } from '../../src/core/manifest'
import type { FileSource } from '../../src/core/ports'
import { readWhole } from '../../src/core/read-whole'
import type { PairsManifest, Precision } from '../../src/core/types'
import { openCachedFolder, readJson } from '../../src/jobs/cached-folder'
import { compileCheckpoint } from '../../src/jobs/compile-model'
import { blobSource, createStoreWriter } from '../../src/jobs/compile-model-store'
import { fixtureBytes, fixtureSources, memorySource } from './checkpoint-source'

const V3 = 'deberta-v3-unigram'
const signal = new AbortController().signal
const stems = new TextEncoder().encode('{"passages": 1, "stems": {}}')
const nowhere: FileSource = {
  place: 'nowhere',
  readAll: () => Promise.reject(new Error('internal: fetched')),
  readFrom: () => {
    throw new Error('internal: fetched')
  },
}

function setUp(precision: Precision, maxTokens: number | null = null) {
  const store = createMemoryChunkStore()
  const done: number[] = []
  const compile = (abort = signal, sources = fixtureSources(V3)): Promise<PairsManifest> =>
    compileCheckpoint(
      abort,
      V3,
      sources,
      { id: 'own', title: 'Own', precision, maxTokens },
      { writer: createStoreWriter(store), sha256, clock: createClock(), stems },
      (progress) => done.push(progress.done),
    )
  const folderOf = (manifest: PairsManifest) =>
    openCachedFolder(manifest, { source: nowhere, store, sha256, exclusively: (_s, _n, work) => work() })
  return { store, done, compile, folderOf }
}

describe('a compiled checkpoint', () => {
  it.each(['fp32', 'fp16', 'q8', 'q4'] as const)(
    'in %s is read from the store, and holds the numbers of the checkpoint',
    async (precision) => {
      const { compile, folderOf, done } = setUp(precision)
      const manifest = await compile()
      parseManifest(JSON.parse(JSON.stringify(manifest)))
      const file = manifest.files[0]!
      const bytes = await readWhole(signal, folderOf(manifest).file(file.name))
      expect([createHash('sha256').update(bytes).digest('hex'), done.at(-1)]).toEqual([file.sha256, file.bytes])

      const [own, theirs] = [bytes, fixtureBytes(`${V3}/model.safetensors`)].map((b) => ({
        bytes: b,
        ...readSafetensors('x', b, b.length),
      })) as [Opened, Opened]
      const errors = [...theirs.tensors.keys()].map((name) => {
        const [a, b] = [decode(own, name), decode(theirs, name)]
        const most = Math.max(...b.map(Math.abs))
        return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / most
      })
      // The fixture's numbers are halves, so that fp16 keeps them.
      const allowed = { fp32: 0, fp16: 0, q8: 0.51 / 127, q4: 0.51 / 7 }[precision]
      expect(Math.max(...errors)).toBeLessThanOrEqual(allowed)
    },
  )

  it('encodes questions as its golden file says', async () => {
    const { compile, folderOf } = setUp('q8')
    const manifest = await compile()
    const folder = folderOf(manifest)
    const [tokenizerJson, frequencies] = [
      await readJson(signal, folder.file('tokenizer.json')),
      await readJson(signal, folder.file('stems.json')),
    ]
    const golden = JSON.parse(new TextDecoder().decode(fixtureBytes(`${V3}/golden.json`))) as { items: GoldenItem[] }
    const item = golden.items[0]!
    const { input } = createEncoder({ tokenizerJson, manifest, frequencies }).encode(item, 95)
    expect(input).toEqual({ layout: 'pairs', pairs: item.input_ids.map((ids) => ({ ids: Int32Array.from(ids), types: null })) })
  })

  it('reads as many tokens as the tokenizer says, or as are asked for', async () => {
    expect([(await setUp('q8').compile()).maxTokens, (await setUp('q8', 1024).compile()).maxTokens]).toEqual([{ pair: 64 }, { pair: 1024 }])
  })

  it('comes from Blobs alike', async () => {
    const { compile } = setUp('q8')
    const blobs = fixtureSources(V3).map(({ name }) => blobSource(name, new Blob([fixtureBytes(`${V3}/${name}`)])))
    expect((await compile(signal, blobs)).files).toEqual((await setUp('q8').compile()).files)
  })
})

describe('a compilation that fails', () => {
  it('leaves nothing behind when it is stopped', async () => {
    const { compile, store } = setUp('q8')
    const abort = new AbortController()
    abort.abort()
    await expect(compile(abort.signal)).rejects.toMatchObject({ code: 'aborted' })
    expect(await store.keys('')).toEqual([])
  })

  it.each([
    [NaN, 'fp32', 'the value NaN'],
    [Infinity, 'q8', 'the value Infinity'],
    [1e6, 'fp16', 'holds the value 1000000, which fp16 cannot keep. Choose fp32.'],
    [1e30, 'q4', 'which q4 cannot keep. Choose fp32.'],
  ] as const)('names the tensor that holds %d (%s)', async (value, precision, message) => {
    const bytes = fixtureBytes(`${V3}/model.safetensors`)
    const { tensors } = readSafetensors('x', bytes, bytes.length)
    const name = 'deberta.encoder.layer.0.attention.self.query_proj.weight'
    new DataView(bytes.buffer).setFloat32(tensors.get(name)!.offset, value, true)
    const { compile, store } = setUp(precision)
    const sources = [...fixtureSources(V3, ['model.safetensors']), memorySource('model.safetensors', bytes)]
    await expect(compile(signal, sources)).rejects.toThrow(message)
    expect(await store.keys('')).toEqual([])
  })

  it('refuses more tokens than the model has positions', async () => {
    const { compile } = setUp('q8', 512)
    await expect(compile(signal, fixtureSources('bert-wordpiece'))).rejects.toThrow('the number of tokens is 512. Pagewise knows up to 64')
  })
})

interface GoldenItem {
  prompt: string
  context: string | null
  options: string[]
  input_ids: number[][]
}
type Opened = { bytes: Uint8Array } & ReturnType<typeof readSafetensors>

/** The floats that a stored tensor stands for. */
function decode({ bytes, tensors }: Opened, name: string): Float32Array {
  const stored = tensors.get(name)!
  const raw = bytes.slice(stored.offset, stored.offset + stored.bytes)
  if (stored.type === 'F32' || stored.type === 'F16') return toFloats(stored.type, raw)
  const scales = tensors.get(`${name}.scales`)!
  const halves = new Uint16Array(bytes.slice(scales.offset, scales.offset + scales.bytes).buffer)
  if (stored.type === 'I8')
    return Float32Array.from(new Int8Array(raw.buffer), (v, i) => v * halfToFloat(halves[Math.floor(i / stored.shape[1]!)]!))
  const is4 = stored.shape[1] !== scales.shape[1]! * 32
  const codes = is4
    ? Float32Array.from({ length: raw.length * 2 }, (_, i) => ((raw[i >> 1]! >> (4 * (i % 2))) & 15) - 8)
    : Float32Array.from(raw, (v) => v - 128)
  return codes.map((v, i) => v * halfToFloat(halves[Math.floor(i / 32)]!))
}
