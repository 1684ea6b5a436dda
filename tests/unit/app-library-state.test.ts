// The Library screen's state over a worker that is played by hand.
import { beforeEach, describe, expect, it } from 'vitest'
import { Libraries } from '../../src/app/state/library.svelte'
import { AppError, type ErrorCode } from '../../src/core/errors'
import type { Client } from '../../src/worker/client'
import type { CorpusView, LibraryEntry } from '../../src/worker/protocol'

const entry = (id: string, isEmbedded = false): LibraryEntry => ({
  id,
  title: id,
  isEmbedded,
  licence: 'CC BY 4.0',
  source: 'x',
  passages: 1,
  textBytes: 1,
  bytes: 1,
  storedBytes: 1,
  createdAt: isEmbedded ? null : 1,
})
const VIEW: CorpusView = {
  files: [
    { name: 'a.csv', bytes: 10, kind: 'csv', refusal: null },
    { name: 'b.png', bytes: 10, kind: '', refusal: { code: 'corpus_binary', detail: { file: 'b.png', kind: 'PNG image' } } },
  ],
  columns: ['text', 'title'],
  textColumn: 'text',
  titleColumn: 'title',
  suggestedTitle: 'a',
  samples: ['First.'],
}

let stored: LibraryEntry[]
let calls: { name: string; params: unknown }[]
let answers: Record<string, (params: never, signal: AbortSignal) => unknown>
let known: string[]
let libraries: Libraries
const client = {
  call: async (name: string, params: never, options?: { signal?: AbortSignal }) => {
    calls.push({ name, params })
    return answers[name]!(params, options?.signal ?? new AbortController().signal)
  },
} as unknown as Client
beforeEach(() => {
  stored = [entry('openstax', true), entry('mine')]
  calls = []
  known = []
  answers = {
    'library.list': () => ({ entries: [...stored], unreadable: [] }),
    'library.inspect': () => VIEW,
    'library.add': () => (stored.push(entry('new')), entry('new')),
    'library.import': () => (stored.push(entry('packed')), entry('packed')),
    'library.delete': ({ id }: { id: string }) => (stored = stored.filter((one) => one.id !== id)),
    'library.search': () => ({ hits: [], seconds: 0.01 }),
  }
  libraries = new Libraries(client, (ids) => (known = ids))
})
const ids = () => libraries.entries.map(({ id }) => id)
const file = (name: string) => new File(['text'], name)

describe('the list of libraries', () => {
  it('offers the embedded one before it has been read', () => {
    expect(libraries.ids).toEqual(['openstax'])
  })
  it('says which libraries there are whenever it is read', async () => {
    await libraries.refresh()
    expect([known, ids()]).toEqual([
      ['openstax', 'mine'],
      ['openstax', 'mine'],
    ])
  })
  it('hides a library at once and shows it again when the visitor undoes', async () => {
    await libraries.refresh()
    libraries.hide('mine')
    const hidden = ids()
    libraries.restore('mine')
    expect([hidden, ids(), stored.length]).toEqual([['openstax'], ['openstax', 'mine'], 2])
  })
  it('forgets a deleted library', async () => {
    await libraries.refresh()
    libraries.hide('mine')
    await libraries.delete('mine')
    expect([ids(), known]).toEqual([['openstax'], ['openstax']])
  })
  it('shows what cannot be read, and offers what only could not be reached', async () => {
    const refused = (id: string, code: ErrorCode) => ({ id, refusal: { code, detail: {} } })
    const unreadable = [refused('gone', 'library_missing'), refused('far', 'download_failed')]
    answers['library.list'] = () => ({ entries: [...stored], unreadable })
    await libraries.refresh()
    expect({ known, ids: ids(), unreadable: libraries.unreadable }).toEqual({
      known: ['openstax', 'mine', 'far'],
      ids: ['openstax', 'mine'],
      unreadable,
    })
  })
  it('keeps why a library could not be renamed, though the list is read anew', async () => {
    answers['library.rename'] = () => Promise.reject(new AppError('library_gone'))
    await libraries.rename('mine', 'Other')
    expect([libraries.error, ids()]).toEqual([new AppError('library_gone'), ['openstax', 'mine']])
  })
  it('keeps an error for the screen', async () => {
    answers['library.list'] = () => Promise.reject(new AppError('library_damaged', { name: 'x', file: 'y', reason: 'z' }))
    await libraries.refresh()
    expect(libraries.error).toMatchObject({ code: 'library_damaged' })
  })
})

describe('files on their way into a library', () => {
  it('are looked at and proposed with their columns', async () => {
    await libraries.corpus.open([file('a.csv'), file('b.png')])
    const { status, title, textColumn, titleColumn } = libraries.corpus
    expect({ status, title, textColumn, titleColumn }).toEqual({ status: 'chosen', title: 'a', textColumn: 'text', titleColumn: 'title' })
  })
  it('are indexed without those that were refused', async () => {
    await libraries.corpus.open([file('a.csv'), file('b.png')])
    await libraries.corpus.add()
    const { params } = calls.find(({ name }) => name === 'library.add')!
    expect((params as { files: { name: string }[] }).files.map(({ name }) => name)).toEqual(['a.csv'])
    expect([libraries.corpus.status, libraries.corpus.added?.id, ids()]).toEqual(['none', 'new', ['openstax', 'mine', 'new']])
  })
  it('stay chosen when indexing is stopped', async () => {
    answers['library.add'] = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new AppError('aborted')))
      })
    await libraries.corpus.open([file('a.csv')])
    const adding = libraries.corpus.add()
    expect(libraries.corpus.status).toBe('working')
    libraries.corpus.stop()
    await adding
    expect([libraries.corpus.status, libraries.corpus.error, libraries.corpus.view]).toEqual(['chosen', null, VIEW])
  })
  it('keep what went wrong for the screen', async () => {
    answers['library.inspect'] = () => Promise.reject(new AppError('corpus_empty', { files: 'a.txt' }))
    await libraries.corpus.open([file('a.txt')])
    expect([libraries.corpus.status, (libraries.corpus.error as AppError).code]).toEqual(['none', 'corpus_empty'])
  })
  it('are taken for a pack when they are one .tar', async () => {
    await libraries.corpus.open([file('notes.tar')])
    expect([calls.map(({ name }) => name), libraries.corpus.added?.id]).toEqual([['library.import', 'library.list'], 'packed'])
  })
})

describe('a search', () => {
  it('for nothing finds nothing and asks nobody', async () => {
    libraries.search.words = '  '
    await libraries.search.run('openstax')
    expect([libraries.search.found, calls]).toEqual([null, []])
  })
  it('keeps the words that were looked up', async () => {
    libraries.search.words = ' osmosis '
    await libraries.search.run('openstax')
    expect(libraries.search.found).toEqual({ words: 'osmosis', hits: [], seconds: 0.01 })
  })
})
