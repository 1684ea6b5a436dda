import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore } from '../../src/adapters/memory/stores'
import { AppError } from '../../src/core/errors'
import {
  COLD_BUDGET,
  parseLibraryManifest,
  parseShardedManifest,
  readCorpus,
  type CorpusFile,
  type CorpusKind,
} from '../../src/core/retrieve'
import { openCachedFolder, type CacheDeps } from '../../src/jobs/cached-folder'
import { corpusParts } from '../../src/jobs/index-corpus-parts'
import { openLibrary, readPack } from '../../src/jobs/open-library'
import { forgetShards, openShardedLibrary, storedShardBytes } from '../../src/jobs/open-sharded'
import { corpusFile, indexFiles, indexSharded, inflate, serveFiles } from './retrieve-sharded'

const signal = new AbortController().signal
const noParquet = (): Promise<never> => Promise.reject(new Error('internal: no Parquet here'))

async function textsOf(file: CorpusFile, kind: CorpusKind, partBytes: number): Promise<string[]> {
  const texts: string[] = []
  for await (const { part } of corpusParts(file, kind, partBytes))
    for await (const { text } of readCorpus(part, kind, { text: null, title: null }, noParquet)) texts.push(text)
  return texts
}

describe('parts of a corpus file', () => {
  const cell = fc.stringMatching(/^[a-z",;\n é水]{1,30}$/)
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`

  it('of a CSV hold the same rows as the whole, quoted line feeds and all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 40 }), fc.integer({ min: 200, max: 600 }), async (cells, size) => {
        const rows = cells.map((text, i) => `${i},${quoted(`x${text}x`)}`)
        const file = corpusFile('rows.csv', ['id,text', ...rows].join('\n'))
        expect(await textsOf(file, 'csv', size)).toEqual(cells.map((text) => `x${text}x`))
      }),
    )
  })

  it('of JSON Lines hold the same records as the whole', async () => {
    const texts = Array.from({ length: 50 }, (_, i) => `record ${i} ${'é'.repeat(i)}`)
    const file = corpusFile('records.jsonl', texts.map((text) => JSON.stringify({ text })).join('\n'))
    expect(await textsOf(file, 'jsonl', 300)).toEqual(texts)
  })

  it('are as long as a line that is longer than a part', async () => {
    const file = corpusFile('long.txt', `${'word '.repeat(400)}\nend`)
    expect((await textsOf(file, 'txt', 100)).join('')).toBe(`${'word '.repeat(400)}\nend`)
  })
})

describe('indexing a corpus', () => {
  it('makes one pack of a small corpus, which opens as every library', async () => {
    const files = [
      corpusFile('b.csv', 'title,text\nWater,"Water boils, at 100 degrees."'),
      corpusFile('notes.txt', 'Rocks melt.\n\nStars shine.'),
    ]
    const { manifest, files: written } = await indexFiles(files, 100)
    expect([...written.keys()]).toEqual(['index.bin', 'passages.bin', 'pack.json'])
    const pack = parseLibraryManifest(manifest, 'test')
    const folder = openCachedFolder(pack, cacheOf(streamed(written)))
    const hits = await (await openLibrary(signal, folder, inflate)).search(signal, 'water stars', 5)
    expect(hits.map(({ title, text, source }) => ({ title, text, source }))).toEqual([
      { title: 'Water', text: 'Water boils, at 100 degrees.', source: 'Test, CC0' },
      { title: 'notes', text: 'Rocks melt. Stars shine.', source: 'Test, CC0' },
    ])
  })

  it('makes shards where there are more passages than one pack may hold', async () => {
    const lines = Array.from({ length: 30 }, (_, i) => JSON.stringify({ text: `Passage ${i}.` })).join('\n')
    const formats = await Promise.all([29, 30].map(async (limit) => (await indexFiles([corpusFile('a.jsonl', lines)], limit)).manifest.format)) // prettier-ignore
    expect(formats).toEqual(['pagewise-library-shards/1', 'pagewise-library/1'])
  })

  it('gives the same bytes for the same corpus, and a manifest that can be read', async () => {
    const texts = Array.from({ length: 700 }, (_, i) => `Passage ${i} of topic ${i % 30}.`)
    const [one, other] = [await indexSharded(texts), await indexSharded(texts)]
    expect(one.files).toEqual(other.files)
    expect(parseShardedManifest(JSON.parse(new TextDecoder().decode(one.files.get('pack.json'))), 'test')).toEqual(one.manifest)
    const bytes = [...one.files].reduce((sum, [name, { length }]) => sum + (name === 'pack.json' ? 0 : length), 0)
    expect(one.manifest.bytes).toBe(bytes)
  })

  it.each([
    ['nothing but blanks', corpusFile('a.txt', ' \n \n'), 'There is no text in a.txt.'],
    ['an empty file', corpusFile('a.txt', ''), 'There is no text in a.txt.'],
    ['a picture', corpusFile('a.png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10)), 'a.png is not text (PNG image).'],
    ['lines that are no JSON', corpusFile('a.jsonl', 'not json\n'), 'a.jsonl holds no records as JSON.'],
  ])('says what is wrong with %s', async (_, file, sentence) => {
    await expect(indexFiles([file], 100)).rejects.toThrow(sentence)
  })
})

describe('opening a sharded library', () => {
  const texts = Array.from({ length: 3000 }, (_, i) => `word${i} topic${i % 40} field${i % 7} energy ${'cell '.repeat(i % 3)}`)
  const question = { prompt: 'Where is the energy of word17 and word2300 in field3?', options: ['topic5 cell', 'topic17', 'word9 field2'] }

  it('costs a cold question no more than the budget, and a warm one nothing', async () => {
    const { manifest, files } = await indexSharded(texts)
    const source = serveFiles(files)
    const store = { ...createMemoryChunkStore(), isPersistent: true }
    const opened = async () => openShardedLibrary(signal, parseShardedManifest(await readPack(signal, source, 'test'), 'test'), cacheOf(source, store), inflate) // prettier-ignore
    const first = await (await opened()).retrieve(signal, question, 5)
    const cold = source.asked.splice(0)
    expect(cold.length).toBe(new Set(cold).size)
    expect(cold.length).toBeLessThanOrEqual(COLD_BUDGET.requests)
    expect(cold.reduce((sum, name) => sum + files.get(name)!.length, 0)).toBeLessThanOrEqual(COLD_BUDGET.bytes)
    expect(await storedShardBytes(store, manifest)).toBe(
      cold.filter((name) => name !== 'pack.json').reduce((sum, name) => sum + files.get(name)!.length, 0),
    )
    expect(await (await opened()).retrieve(signal, question, 5)).toEqual(first)
    expect(source.asked).toEqual(['pack.json'])
    await forgetShards(store, manifest)
    expect(await storedShardBytes(store, manifest)).toBe(0)
  })

  it('names the file of which one byte was changed, and goes on when it is whole again', async () => {
    const { manifest, files } = await indexSharded(texts)
    const source = serveFiles(files)
    await (await openShardedLibrary(signal, manifest, cacheOf(source), inflate)).retrieve(signal, question, 3)
    for (const name of new Set(source.asked)) {
      const sound = files.get(name)!
      files.set(
        name,
        Uint8Array.from(sound, (byte, i) => (i === Math.floor(sound.length / 2) ? byte ^ 1 : byte)),
      )
      const ask = async () =>
        (await openShardedLibrary(signal, manifest, cacheOf(serveFiles(files)), inflate)).retrieve(signal, question, 3)
      const error: unknown = await ask().catch((thrown: unknown) => thrown)
      expect(error instanceof AppError && { code: error.code, file: error.detail['file'] }).toEqual({ code: 'library_damaged', file: name })
      files.set(name, sound)
      expect(await ask()).toHaveLength(3)
    }
  })

  it('fetches a stored shard again that was damaged in the store', async () => {
    const { manifest, files } = await indexSharded(texts)
    const store = { ...createMemoryChunkStore(), isPersistent: true }
    const first = await (
      await openShardedLibrary(signal, manifest, cacheOf(serveFiles(files), store), inflate)
    ).retrieve(signal, question, 3)
    for (const key of await store.keys(''))
      await store.put(
        key,
        Uint8Array.from((await store.get(key))!, (byte) => byte ^ 1),
      )
    const source = serveFiles(files)
    expect(await (await openShardedLibrary(signal, manifest, cacheOf(source, store), inflate)).retrieve(signal, question, 3)).toEqual(first)
    expect(source.asked.length).toBeGreaterThan(3)
  })

  it('is used from memory where the store has no room', async () => {
    const { manifest, files } = await indexSharded(texts)
    const refusal = new AppError('storage_refused', { what: 'a shard', reason: 'QuotaExceededError' })
    const store = { ...createMemoryChunkStore(), put: () => Promise.reject(refusal) }
    const library = await openShardedLibrary(signal, manifest, cacheOf(serveFiles(files), store), inflate)
    expect(await library.retrieve(signal, question, 3)).toHaveLength(3)
  })
})

function cacheOf(source: CacheDeps['source'], store = createMemoryChunkStore()): CacheDeps {
  return { source, store, sha256, exclusively: (_signal, _name, work) => work() }
}
/** A source that also streams, as one pack is read. */
function streamed(files: ReadonlyMap<string, Uint8Array>): CacheDeps['source'] {
  return {
    ...serveFiles(files),
    async *readFrom(_signal, name, offset) {
      yield files.get(name)!.subarray(offset)
    },
  }
}
