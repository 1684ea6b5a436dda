// The first read is the download: verified, resumed, repaired, and never more than once.
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore } from '../../src/adapters/memory/stores'
import { AppError } from '../../src/core/errors'
import type { ChunkStore, FileSource } from '../../src/core/ports'
import type { Manifest } from '../../src/core/types'
import { readWhole } from '../../src/core/read-whole'
import { openCachedFolder } from '../../src/jobs/cached-folder'

const CHUNK = 1000
const content = Uint8Array.from({ length: 4321 }, (_, i) => (i * 7919) % 251)
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const chunkSha256 = Array.from({ length: 5 }, (_, i) => hash(content.subarray(i * CHUNK, (i + 1) * CHUNK)))
const manifest = {
  files: [{ name: 'w', bytes: content.length, sha256: hash(content), chunkBytes: CHUNK, chunkSha256 }],
} as unknown as Manifest
const signal = new AbortController().signal

let requests: number[]
/** Serves `bytes` in pieces of 333; breaks off after `failAfter` bytes. */
function source(bytes: Uint8Array, failAfter = Infinity): FileSource {
  return {
    place: 'test',
    readAll: () => Promise.reject(new Error('not used')),
    async *readFrom(_signal, name, offset) {
      requests.push(offset)
      for (let at = offset; at < bytes.length; at += 333) {
        if (at - offset > failAfter) throw new AppError('download_failed', { file: name, done: '0', total: '0', reason: 'offline' })
        yield bytes.subarray(at, at + 333)
        await Promise.resolve()
      }
    },
  }
}
const open = (store: ChunkStore, from: FileSource, onRead: () => void = () => undefined) =>
  openCachedFolder(manifest, { source: from, store, sha256, exclusively: (_s, _n, work) => work() }, onRead)
/** A store that outlives the page, as far as the code can tell. */
const kept = (): ChunkStore => ({ ...createMemoryChunkStore(), isPersistent: true })

beforeEach(() => {
  requests = []
})

describe('a cached folder', () => {
  it('fetches a file once and reads it from the store after that', async () => {
    const store = kept()
    const first = await readWhole(signal, open(store, source(content)).file('w'))
    const second = await readWhole(signal, open(store, source(content)).file('w'))
    expect([first, second]).toEqual([content, content])
    expect(requests).toEqual([0])
  })
  it('resumes at the first chunk that is missing', async () => {
    const store = kept()
    await expect(readWhole(signal, open(store, source(content, 2500)).file('w'))).rejects.toMatchObject({ code: 'download_failed' })
    expect(await readWhole(signal, open(store, source(content)).file('w'))).toEqual(content)
    expect(requests).toEqual([0, 2000])
  })
  it('fetches a damaged chunk again, and only that one', async () => {
    const store = kept()
    await readWhole(signal, open(store, source(content)).file('w'))
    await store.put(`${hash(content)}/2`, new Uint8Array(CHUNK))
    expect(await readWhole(signal, open(store, source(content)).file('w'))).toEqual(content)
    expect(requests).toEqual([0, 2000])
  })
  it('refuses what is not the file that the manifest describes', async () => {
    const other = content.slice()
    other[1500] = other[1500]! ^ 1
    await expect(readWhole(signal, open(kept(), source(other)).file('w'))).rejects.toMatchObject({
      code: 'download_changed',
      detail: { file: 'w', chunk: 2 },
    })
  })
  it('says so when a download ends early', async () => {
    await expect(readWhole(signal, open(kept(), source(content.subarray(0, 4000))).file('w'))).rejects.toMatchObject({
      code: 'download_failed',
    })
  })
  it('goes on from memory when storage is refused, and remembers why', async () => {
    const store: ChunkStore = {
      ...kept(),
      put: () => Promise.reject(new AppError('storage_refused', { what: 'the model', reason: 'QuotaExceededError' })),
    }
    const folder = open(store, source(content))
    expect(await readWhole(signal, folder.file('w'))).toEqual(content)
    expect(folder.refused?.code).toBe('storage_refused')
  })
  it('stops when its signal aborts', async () => {
    const controller = new AbortController()
    const folder = open(kept(), source(content), () => {
      controller.abort()
    })
    await expect(readWhole(controller.signal, folder.file('w'))).rejects.toMatchObject({ code: 'aborted' })
  })
  it('counts the bytes that are stored, and forgets them', async () => {
    const store = kept()
    const folder = open(store, source(content))
    await readWhole(signal, folder.file('w'))
    const before = await folder.storedBytes('w')
    await folder.forget('w')
    expect([before, await folder.storedBytes('w')]).toEqual([content.length, 0])
  })
  it('reads from anywhere what the whole file has there', async () => {
    const places = fc.tuple(fc.nat(content.length), fc.nat(content.length)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    await fc.assert(
      fc.asyncProperty(fc.array(places, { minLength: 1, maxLength: 6 }), async (list) => {
        const file = open(kept(), source(content)).file('w')
        for (const [from, to] of list) expect(await file.read(signal, from, to - from)).toEqual(content.subarray(from, to))
      }),
    )
  })
  it('verifies what it reads from anywhere, and takes no more from the store than the chunks that hold it', async () => {
    const store = kept()
    await readWhole(signal, open(store, source(content)).file('w'))
    await store.put(`${hash(content)}/3`, new Uint8Array(CHUNK))
    const asked: string[] = []
    const counting: ChunkStore = {
      ...store,
      get(key) {
        asked.push(key.slice(key.indexOf('/') + 1))
        return store.get(key)
      },
    }
    const { read } = open(counting, source(content)).file('w')
    expect(await read(signal, 1500, 400)).toEqual(content.subarray(1500, 1900))
    expect(await read(signal, 1900, 300)).toEqual(content.subarray(1900, 2200)) // chunk 1 is still there
    expect([asked, requests]).toEqual([['1', '2'], [0]])
    expect(await read(signal, 3000, 10)).toEqual(content.subarray(3000, 3010))
    expect(requests).toEqual([0, 3000])
  })
  it('does not know a file that the manifest does not list', () => {
    expect(() => open(kept(), source(content)).file('x')).toThrow('There is no x in test')
  })
})
