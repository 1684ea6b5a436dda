// Checkpoints from an address, against a static host in this process that can be told to misbehave.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { openRemoteFolder } from '../../src/adapters/http/remote'
import { createMemoryChunkStore } from '../../src/adapters/memory/stores'
import { openCheckpoint, type ByteSource } from '../../src/core/checkpoint'
import { AppError } from '../../src/core/errors'
import { openOnnxModel } from '../../src/core/onnx-file'
import type { Exclusively, RemoteFolder } from '../../src/core/ports'
import { forgetRemote, openRemoteCheckpoint, type RemoteProgress } from '../../src/jobs/remote-checkpoint'
import { fixtureBytes } from './checkpoint-source'

const FIXTURES = resolve(import.meta.dirname, '../fixtures')
const MEGABYTE = 1024 * 1024
const signal = new AbortController().signal
/** Folders of the host, made of files on disk and of bytes. */
type Folder = Record<string, string | Uint8Array>
const bert: Folder = Object.fromEntries(
  ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'].map((name) => [
    name,
    `checkpoints/bert-wordpiece/${name}`,
  ]),
)

class Host {
  folder: Folder = bert
  hasRange = true
  /** The host answers what it does not have with its page. */
  isSinglePage = false
  status = 200
  version: string | null = 'one'
  /** Ends the connection after so many bytes of the weights. */
  breakAfter = Infinity
  readonly asked: string[] = []
  readonly #server: Server = createServer((request, response) => {
    const name = decodeURIComponent(request.url!.slice(1)).replace(/^mine\//, '')
    const range = this.hasRange ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '') : null
    this.asked.push(request.headers.range === undefined ? name : `${name} ${request.headers.range}`)
    const content = this.folder[name]
    if (this.status !== 200) {
      response.writeHead(this.status).end()
      return
    }
    if (content === undefined) {
      response.writeHead(this.isSinglePage ? 200 : 404, { 'Content-Type': 'text/html' }).end('<!doctype html>')
      return
    }
    const bytes = typeof content === 'string' ? null : content
    const path = typeof content === 'string' ? join(FIXTURES, content) : ''
    const total = bytes?.length ?? (existsSync(path) ? statSync(path).size : 0)
    const start = range ? Number(range[1]) : 0
    response.writeHead(range ? 206 : 200, {
      'Content-Type': name.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      'Content-Length': total - start,
      ...(this.version === null ? {} : { ETag: this.version }),
    })
    if (!bytes) createReadStream(path, { start }).pipe(response)
    else if (bytes.length - start > this.breakAfter)
      response.write(bytes.subarray(start, start + this.breakAfter), () => response.destroy())
    else response.end(bytes.subarray(start))
  })

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mine`
  }
  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }
}

let host: Host
let address: string
let store: ReturnType<typeof createMemoryChunkStore>
beforeEach(async () => {
  host = new Host()
  address = await host.start()
  store = createMemoryChunkStore()
})
afterEach(() => host.stop())

const alone: Exclusively = (_signal, _name, work) => work()
const fetchAll = (onProgress: (progress: RemoteProgress) => void = () => undefined, abort = signal, at = address) =>
  openRemoteCheckpoint(abort, at, { open: openRemoteFolder, store, sha256, exclusively: alone, clock: createClock() }, onProgress)
/** A matcher takes seconds for what a hash tells at once. */
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const whole = async (source: ByteSource): Promise<string> => hashOf(await source.read(0, source.bytes))
const codeOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'opened', (error: { code?: string }) => error.code) // prettier-ignore

/** Weights of `megabytes`, none of whose chunks are alike. */
function large(megabytes: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array((megabytes * MEGABYTE) / 4)
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 2654435761)
  return new Uint8Array(words.buffer)
}

describe('a checkpoint at an address', () => {
  it('is what its folder holds', async () => {
    const { sources, place, name } = await fetchAll()
    expect([place, name, sources.map((source) => source.name)]).toEqual([
      address,
      'mine',
      ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'],
    ])
    expect(await whole(sources.at(-1)!)).toBe(hashOf(fixtureBytes('bert-wordpiece/model.safetensors')))
    expect((await openCheckpoint(place, sources)).architecture).toBe('bert')
    await forgetRemote(address, { store, sha256 })
    expect(await store.keys('')).toEqual([])
  })

  it('asks for nothing but files of that folder', async () => {
    await fetchAll()
    expect(host.asked).toEqual(['config.json', 'tokenizer.json', 'tokenizer_config.json', 'README.md', 'model.safetensors'])
  })

  it.each([
    [
      'a PyTorch file',
      { ...bert, 'model.safetensors': undefined, 'pytorch_model.bin': 'checkpoints/bert-wordpiece/pytorch_model.bin' },
      ['pytorch_model.bin'],
    ],
    [
      'shards',
      {
        'config.json': 'checkpoints/deberta-v3-unigram/sharded/config.json',
        'tokenizer.json': 'checkpoints/deberta-v3-unigram/tokenizer.json',
        ...Object.fromEntries(
          ['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'].map((name) => [
            name,
            `checkpoints/deberta-v3-unigram/sharded/${name}`,
          ]),
        ),
      },
      ['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
    ],
  ])('may have its weights in %s', async (_, folder, names) => {
    host.folder = Object.fromEntries(Object.entries(folder).filter(([, file]) => file !== undefined)) as Folder
    const { place, sources } = await fetchAll()
    const checkpoint = await openCheckpoint(place, sources)
    expect([sources.map(({ name }) => name).slice(-names.length), checkpoint.weights.length > 30]).toEqual([names, true])
  })

  it.each([
    ['in its folder', '', ''],
    ['in onnx/', 'onnx/', ''],
    ['in onnx/, named by the address', 'onnx/', '/onnx/model.onnx'],
  ])('may be an .onnx file %s', async (_, folder, named) => {
    host.folder = {
      'tokenizer.json': bert['tokenizer.json']!,
      [`${folder}model.onnx`]: 'onnx/pairs/model.onnx',
      [`${folder}model.onnx.data`]: 'onnx/pairs/model.onnx.data',
    }
    const { place, sources } = await fetchAll(undefined, signal, address + named)
    expect((await openOnnxModel(place, sources))!.files.map(({ source }) => source.bytes)).toEqual(
      ['model.onnx', 'model.onnx.data'].map((name) => statSync(join(FIXTURES, 'onnx/pairs', name)).size),
    )
  })

  it('tells how much has arrived', async () => {
    const done: number[] = []
    await fetchAll(({ file, done: bytes, total }) => {
      expect([file, total]).toEqual(['model.safetensors', 162580])
      done.push(bytes)
    })
    expect([done.at(-1), done]).toEqual([162580, [...done].sort((a, b) => a - b)])
  })
})

describe('a large file', () => {
  // Nothing looks into the weights before they are opened.
  const weights = large(13)
  beforeEach(() => {
    host.folder = { ...bert, 'model.safetensors': weights }
  })
  const interrupt = async (): Promise<void> => {
    host.breakAfter = 10 * MEGABYTE
    expect(await codeOf(fetchAll())).toBe('download_failed')
    host.breakAfter = Infinity
    host.asked.length = 0
  }

  it.each([true, false])('goes on where it was interrupted (host with Range: %s)', async (hasRange) => {
    host.hasRange = hasRange
    await interrupt()
    const { sources } = await fetchAll()
    expect(host.asked.at(-1)).toBe(`model.safetensors bytes=${4 * MEGABYTE}-`)
    expect(await whole(sources.at(-1)!)).toBe(hashOf(weights))
  })

  it('is fetched anew when it is another one', async () => {
    await interrupt()
    host.version = 'two'
    const other = large(13).map((byte) => byte ^ 1)
    host.folder = { ...bert, 'model.safetensors': other }
    expect(await whole((await fetchAll()).sources.at(-1)!)).toBe(hashOf(other))
  })

  it('is fetched anew when the host does not say which one it is', async () => {
    host.version = null
    await interrupt()
    await fetchAll()
    expect(host.asked.filter((line) => line.includes('bytes='))).toEqual([])
  })

  it('that is there is not fetched again', async () => {
    await fetchAll()
    host.breakAfter = 1
    expect(await whole((await fetchAll()).sources.at(-1)!)).toBe(hashOf(weights))
  })

  it('is read from any place', async () => {
    const { sources } = await fetchAll()
    for (const [offset, length] of [
      [0, 3],
      [4 * MEGABYTE - 1, 2],
      [3 * MEGABYTE, 9 * MEGABYTE],
      [13 * MEGABYTE - 5, 99],
    ] as const)
      // prettier-ignore
      expect(hashOf(await sources.at(-1)!.read(offset, length))).toBe(hashOf(weights.slice(offset, offset + length)))
  })

  it('stops when it is told to, and goes on later', async () => {
    const abort = new AbortController()
    const stopped = fetchAll(({ done }) => {
      if (done > 9 * MEGABYTE) abort.abort()
    }, abort.signal)
    expect(await codeOf(stopped)).toBe('aborted')
    await fetchAll()
    expect(host.asked.at(-1)).toBe(`model.safetensors bytes=${4 * MEGABYTE}-`)
  })
})

describe('an address that is no checkpoint', () => {
  it('where nothing is has no config.json', async () => {
    host.folder = {}
    await expect(fetchAll()).rejects.toThrow(`There is no config.json in ${address}`)
  })
  it('where web pages are is told from a folder of files', async () => {
    host.folder = {}
    host.isSinglePage = true
    await expect(fetchAll()).rejects.toThrow(`${address}/ answers with a web page instead of config.json`)
  })
  it('whose tokenizer is a web page is named', async () => {
    host.isSinglePage = true
    host.folder = { 'config.json': bert['config.json']! }
    await expect(fetchAll()).rejects.toThrow('answers with a web page instead of tokenizer.json')
  })
  it('without weights is told which are read', async () => {
    host.folder = { 'config.json': bert['config.json']!, 'tokenizer.json': bert['tokenizer.json']! }
    await expect(fetchAll()).rejects.toThrow('There is no weight file in')
  })
  it('that asks for a login is told', async () => {
    host.status = 401
    await expect(fetchAll()).rejects.toThrow('does not give config.json (HTTP 401)')
  })
  it('that cannot be reached is told', async () => {
    await host.stop()
    await expect(fetchAll()).rejects.toThrow(/could not be reached \(ECONNREFUSED\)/)
    await host.start()
  })
  it('whose config is refused costs no download of weights', async () => {
    host.folder = { ...bert, 'config.json': new TextEncoder().encode('{"model_type": "gpt2"}'), 'model.safetensors': large(13) }
    const bytes: number[] = []
    await expect(fetchAll(({ done }) => bytes.push(done))).rejects.toThrow('model_type in config.json is "gpt2"')
    expect([bytes, await store.keys('')]).toEqual([[], []])
  })
  it('whose config is no JSON is named', async () => {
    host.folder = { ...bert, 'config.json': new TextEncoder().encode('{') }
    expect(await codeOf(fetchAll())).toBe('checkpoint_damaged')
  })
  it('whose index names files elsewhere is refused', async () => {
    const index = { weight_map: { 'classifier.bias': '../../secret' } }
    host.folder = { ...bert, 'model.safetensors.index.json': new TextEncoder().encode(JSON.stringify(index)) }
    delete host.folder['model.safetensors']
    await expect(fetchAll()).rejects.toThrow('it names a shard that is no file beside it')
  })
})

describe('a host that answers anything', () => {
  const names = [
    'config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'vocab.txt',
    'model.safetensors',
    'model.safetensors.index.json',
    'pytorch_model.bin',
    'model.onnx',
  ]
  const known: fc.Arbitrary<Uint8Array> = fc.constantFrom(
    ...Object.values(bert).map((path) => fixtureBytes((path as string).replace('checkpoints/', ''))),
    new TextEncoder().encode('{}'),
    new TextEncoder().encode('{"weight_map": {"a": "model.safetensors"}}'),
  )
  const answer = fc.oneof(fc.constantFrom('missing' as const, 'page' as const), known, fc.uint8Array({ maxLength: 40 }))

  it('gives a sentence, or files', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), answer), async (files) => {
        const folder: RemoteFolder = {
          open(_signal, name) {
            const found = files[name] ?? 'missing'
            if (typeof found === 'string') return Promise.resolve(found)
            const pieces = (async function* () {
              await Promise.resolve()
              yield found
            })()
            return Promise.resolve({ bytes: found.length, version: 'one', pieces, close: () => Promise.resolve() })
          },
        }
        const deps = { open: () => folder, store: createMemoryChunkStore(), sha256, exclusively: alone, clock: createClock() }
        try {
          const { sources } = await openRemoteCheckpoint(signal, 'https://example.org/x', deps, () => undefined)
          expect(sources.length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
