// The visitor's own corpora through the worker's calls: inspect, add, search, rename, export, import, delete, and what can go wrong.
import { beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/errors'
import { LibraryFiles } from '../../src/worker/library-files'
import { LibraryHost } from '../../src/worker/library-host'
import type { CorpusProgress } from '../../src/worker/protocol'
import { createMemoryStores, memoryLibraries, type MemoryStores } from './library-memory'

let stores: MemoryStores
let host: LibraryHost
let files: LibraryFiles
function open(): void {
  const deps = memoryLibraries(stores)
  host = new LibraryHost(deps)
  files = new LibraryFiles(deps, host)
}
const named = (name: string, content: string | Uint8Array<ArrayBuffer>) => ({ name, blob: new Blob([content]) })
const signal = new AbortController().signal
const quiet = () => undefined
const NOTES = named('notes.csv', 'title,text\nSun,The sun is a star that shines.\nBees,Honey bees make honey from nectar.\n')
const add = (dropped = [NOTES], title = 'My notes') =>
  files.add(signal, { files: dropped, title, textColumn: 'text', titleColumn: 'title' }, quiet)
const search = async (id: string, words: string) => (await host.open(signal, id, quiet)).search(signal, words, 3)

beforeEach(() => {
  stores = createMemoryStores()
  open()
})

describe('a corpus', () => {
  it('is looked at before it is indexed', async () => {
    const view = await files.inspect([NOTES, named('page.html', '<!doctype html><p>Text of a page.'), named('a.png', '\x89PNG\r\n\x1a\n')])
    expect(view).toMatchObject({
      files: [{ kind: 'csv', refusal: null }, { kind: 'html', refusal: null }, { refusal: { code: 'corpus_binary' } }],
      columns: ['title', 'text'],
      textColumn: 'text',
      titleColumn: 'title',
      suggestedTitle: 'notes',
      samples: ['The sun is a star that shines.', 'Honey bees make honey from nectar.'],
    })
  })
  it('answers searches with the passage and where it stands', async () => {
    const { id, passages, storedBytes, bytes } = await add()
    expect({ passages, isStored: storedBytes === bytes }).toEqual({ passages: 2, isStored: true })
    expect((await search(id, 'honey'))[0]).toMatchObject({
      id: 'my-notes-2',
      title: 'Bees',
      source: 'notes.csv, row 2',
      text: 'Honey bees make honey from nectar.',
    })
  })
  it('may be many files of several kinds', async () => {
    const { id } = await add([
      NOTES,
      named('a.md', '# Rocks\n\nGranite is an *igneous* rock.'),
      named('b.txt', 'Rain falls from clouds.'),
      named('c.jsonl', '{"text":"Iron rusts in moist air.","title":"Iron"}\n'),
    ])
    const found = await Promise.all(['granite', 'rain', 'rusts'].map(async (word) => (await search(id, word))[0]))
    expect(found.map((hit) => [hit?.title, hit?.source, hit?.text])).toEqual([
      ['Rocks', 'a.md', 'Granite is an igneous rock.'],
      ['b', 'b.txt', 'Rain falls from clouds.'],
      ['Iron', 'c.jsonl, row 1', 'Iron rusts in moist air.'],
    ])
  })
  it('reports progress by file and in all', async () => {
    const events: CorpusProgress[] = []
    const dropped = [NOTES, named('b.txt', 'Rain falls from clouds.')]
    await files.add(signal, { files: dropped, title: '', textColumn: 'text', titleColumn: null }, (event) => events.push(event))
    expect(events.at(-1)).toMatchObject({ file: 1, fileName: 'b.txt', fileShare: 1, done: 109, total: 109 })
  })
  it('leaves nothing behind when it is aborted', async () => {
    const controller = new AbortController()
    const params = { files: [NOTES], title: '', textColumn: 'text', titleColumn: null }
    const adding = files.add(controller.signal, params, () => {
      controller.abort()
    })
    await expect(adding).rejects.toMatchObject({ code: 'aborted' })
    expect([await stores.libraries.list(), await stores.chunks.keys('')]).toEqual([[], []])
  })
  it('leaves nothing behind when the browser refuses to store it', async () => {
    const memory = stores.chunks
    let puts = 0
    const put: MemoryStores['chunks']['put'] = (key, bytes) =>
      ++puts > 1 ? Promise.reject(new AppError('storage_refused', { what: 'x', reason: 'QuotaExceededError' })) : memory.put(key, bytes)
    stores = { ...stores, chunks: { ...memory, put } }
    open()
    await expect(add()).rejects.toMatchObject({ code: 'library_not_stored', detail: { name: 'My notes', reason: 'QuotaExceededError' } })
    expect([await stores.libraries.list(), await memory.keys('')]).toEqual([[], []])
  })
})

describe('a corpus that cannot be indexed', () => {
  const adding = (name: string, content: string | Uint8Array<ArrayBuffer>, textColumn: string | null = null) =>
    files.add(signal, { files: [named(name, content)], title: '', textColumn, titleColumn: null }, quiet)
  it('is empty', async () => {
    await expect(adding('a.txt', '  \n')).rejects.toMatchObject({ code: 'corpus_empty' })
    await expect(adding('a.txt', '')).rejects.toMatchObject({ code: 'corpus_empty' })
    await expect(adding('a.csv', 'text\n')).rejects.toMatchObject({ code: 'corpus_empty' })
  })
  it('is too large', async () => {
    const huge = { size: 2_000_000_000, slice: () => new Blob(['text']) } as unknown as Blob
    const params = { files: [{ name: 'big.txt', blob: huge }], title: '', textColumn: null, titleColumn: null }
    await expect(files.add(signal, params, quiet)).rejects.toMatchObject({
      code: 'file_too_large',
      detail: { limit: 200, megabytes: 2000 },
    })
  })
  it('is no text', async () => {
    const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)
    await expect(adding('noise.bin', noise)).rejects.toMatchObject({ code: 'corpus_binary' })
  })
  it('has not the chosen column', async () => {
    await expect(adding('a.csv', 'x,y\n1,2\n', 'text')).rejects.toMatchObject({ code: 'corpus_column', detail: { known: 'x, y' } })
    await expect(adding('a.jsonl', '{"x":1}\n', 'text')).rejects.toMatchObject({ code: 'corpus_column' })
  })
  it('is no JSON', async () => {
    await expect(adding('a.jsonl', 'not json\n')).rejects.toMatchObject({ code: 'corpus_json' })
  })
  it('is broken Parquet', async () => {
    await expect(adding('a.parquet', 'PAR1 and nothing more')).rejects.toMatchObject({ code: 'parquet_unreadable' })
  })
})

it('one line of 5 MB is indexed in pieces', { timeout: 20_000 }, async () => {
  const { id, passages } = await add([named('line.txt', 'The quick fox jumps. '.repeat(250_000) + 'Zebras graze.')])
  expect({ isCut: passages > 10_000, hit: (await search(id, 'zebras')).length }).toEqual({ isCut: true, hit: 1 })
})

describe('a pack', () => {
  const exported = async (id: string) => new Uint8Array(await (await files.export(signal, id)).arrayBuffer())
  const importing = (bytes: Uint8Array<ArrayBuffer>) => files.import(signal, named('notes.tar', bytes), quiet)
  it('comes back as it went', async () => {
    const { id } = await add()
    const bytes = await exported(id)
    await host.delete(signal, id)
    const imported = await importing(bytes)
    expect({ ...imported, id: '' }).toMatchObject({ title: 'My notes', passages: 2, source: 'notes.csv', isEmbedded: false })
    expect((await search(imported.id, 'honey'))[0]?.title).toBe('Bees')
  })
  it('that was changed by one byte anywhere is refused or the same library', async () => {
    const { id } = await add()
    const bytes = await exported(id)
    await host.delete(signal, id)
    for (let at = 0; at < bytes.length; at += 97) {
      const changed = bytes.slice()
      changed[at]! ^= 1
      const outcome = await importing(changed).catch((error: unknown) => error)
      if (outcome instanceof AppError) expect(['pack_unreadable', 'library_damaged']).toContain(outcome.code)
      else expect(outcome).toMatchObject({ passages: expect.any(Number) as number })
    }
  })
  it('of which a passage was changed is refused', async () => {
    const bytes = await exported((await add()).id)
    bytes[bytes.length - 1024 - 512 + 40]! ^= 1
    await expect(importing(bytes)).rejects.toMatchObject({ code: 'pack_unreadable' })
  })
  it('that is no tar is refused', async () => {
    await expect(importing(new TextEncoder().encode('hello'.repeat(500)))).rejects.toMatchObject({ code: 'pack_unreadable' })
    await expect(importing(new Uint8Array())).rejects.toMatchObject({ code: 'pack_unreadable' })
  })
})

describe('a library', () => {
  it('that is deleted while it is open still answers', async () => {
    const { id } = await add()
    const library = await host.open(signal, id, quiet)
    await host.delete(signal, id)
    expect(await library.search(signal, 'honey', 1)).toHaveLength(1)
    expect([await stores.libraries.list(), await stores.chunks.keys('')]).toEqual([[], []])
  })
  it('keeps its files when another of the same files is deleted', async () => {
    const first = await add([NOTES], 'One name')
    const second = await add([NOTES], 'Another name')
    await host.delete(signal, first.id)
    open()
    expect(await search(second.id, 'honey')).toHaveLength(1)
  })
  it('is the same one when it is indexed again', async () => {
    const first = await add()
    const second = await add()
    expect([second.id, (await stores.libraries.list()).length]).toEqual([first.id, 1])
  })
  it('that is gone is missed with a sentence', async () => {
    await expect(host.open(signal, 'gone', quiet)).rejects.toMatchObject({ code: 'library_gone' })
  })
  it('is renamed', async () => {
    const { id } = await add()
    expect((await host.rename(signal, id, 'Better')).title).toBe('Better')
  })
})
