import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createFolderWriter, openCheckpointFolder } from '../../src/adapters/node/checkpoint'
import { readZip } from '../../src/core/checkpoint/zip'
import type { PairsManifest } from '../../src/core/types'
import { compileCheckpoint } from '../../src/jobs/compile-model'
import { memorySource } from './checkpoint-source'

const root = mkdtempSync(join(tmpdir(), 'pagewise-'))
afterAll(() => {
  rmSync(root, { recursive: true })
})
const V3 = fileURLToPath(new URL('../fixtures/checkpoints/deberta-v3-unigram', import.meta.url))

async function compile(out: string, signal = new AbortController().signal): Promise<PairsManifest> {
  const { sources, close } = await openCheckpointFolder(V3)
  const deps = { writer: createFolderWriter(out), sha256, clock: createClock(), stems: new Uint8Array([123, 125]) }
  try {
    return await compileCheckpoint(
      signal,
      'v3',
      sources,
      { id: 'v3', title: 'v3', precision: 'q8', maxTokens: null },
      deps,
      () => undefined,
    )
  } finally {
    await close()
  }
}

describe('a checkpoint folder on disk', () => {
  it('is compiled into a folder with the files of its manifest', async () => {
    const out = join(root, 'made', 'here')
    const { files } = await compile(out)
    const hashes = files.map(async ({ name }) => [name, await sha256(new Uint8Array(readFileSync(join(out, name))))])
    expect(await Promise.all(hashes)).toEqual(files.map(({ name, sha256: hash }) => [name, hash]))
    expect(readdirSync(out).sort()).toEqual(files.map(({ name }) => name).sort())
  })

  it('leaves no file when it is stopped', async () => {
    const out = join(root, 'stopped')
    const abort = new AbortController()
    abort.abort()
    await expect(compile(out, abort.signal)).rejects.toMatchObject({ code: 'aborted' })
    await expect(
      openCheckpointFolder(out).then(
        ({ sources }) => sources,
        () => [],
      ),
    ).resolves.toEqual([])
  })

  it('that does not exist is named', async () => {
    await expect(openCheckpointFolder(join(root, 'nowhere'))).rejects.toThrow('nowhere could not be read (ENOENT)')
  })
})

describe('a zip file over 4 GB', () => {
  it('is read by its zip64 records', async () => {
    // One stored entry "a/data.pkl" of 3 bytes; sizes and places stand in the 64-bit fields only, as in large files.
    const name = new TextEncoder().encode('a/data.pkl')
    const bytes = new Uint8Array(400)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, 0x04034b50, true)
    view.setUint16(26, name.length, true)
    bytes.set(name, 30)
    bytes.set([7, 8, 9], 40)
    const directory = 43
    view.setUint32(directory, 0x02014b50, true)
    for (const field of [20, 24, 42]) view.setUint32(directory + field, 0xffffffff, true)
    view.setUint16(directory + 28, name.length, true)
    view.setUint16(directory + 30, 28, true)
    bytes.set(name, directory + 46)
    const extra = directory + 46 + name.length
    view.setUint16(extra, 1, true)
    view.setUint16(extra + 2, 24, true)
    view.setBigUint64(extra + 4, 3n, true)
    view.setBigUint64(extra + 12, 3n, true)
    view.setBigUint64(extra + 20, 0n, true)
    const record = extra + 28
    view.setUint32(record, 0x06064b50, true)
    view.setBigUint64(record + 32, 1n, true)
    view.setBigUint64(record + 40, BigInt(record - directory), true)
    view.setBigUint64(record + 48, BigInt(directory), true)
    const locator = record + 56
    view.setUint32(locator, 0x07064b50, true)
    view.setBigUint64(locator + 8, BigInt(record), true)
    const end = locator + 20
    view.setUint32(end, 0x06054b50, true)
    view.setUint32(end + 16, 0xffffffff, true)
    const entries = await readZip(memorySource('x', bytes.slice(0, end + 22)))
    expect([...entries]).toEqual([['a/data.pkl', { offset: 40, bytes: 3 }]])
  })
})
