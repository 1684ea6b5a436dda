// The libraries that open book can read, and the one download of a library while it runs. A deleted one leaves the list at once and the
// store eight seconds later, unless it is taken back.
import { DEFAULT_OPEN_BOOK, type LibraryEntry, type LibraryList, type LoadProgress } from '../../worker/protocol'
import type { Client } from '../../worker/client'
import { Attempt } from './attempt.svelte'
import { LibraryCorpus } from './library-corpus.svelte'
import { LibrarySearch } from './library-search.svelte'
import { LibraryVectors } from './library-vectors.svelte'
import { archiveName, saveFile } from './save-file'

export class Libraries {
  readonly corpus: LibraryCorpus
  readonly search: LibrarySearch
  readonly vectors: LibraryVectors
  #entries = $state.raw<LibraryEntry[]>([])
  #unreadable = $state.raw<LibraryList['unreadable']>([])
  #hidden = $state.raw<readonly string[]>([])
  #progress = $state.raw<LoadProgress | null>(null)
  readonly #reading = new Attempt()
  readonly #change = new Attempt()
  #isRead = $state(false)

  constructor(
    private readonly client: Client,
    /** Told which libraries there are, so that no setting names one that is gone. */
    private readonly onList: (ids: string[]) => void,
  ) {
    this.corpus = new LibraryCorpus(client, () => this.refresh())
    this.search = new LibrarySearch(client, () => this.refresh())
    this.vectors = new LibraryVectors(client)
  }
  /** The embedded ones first, then the visitor's own, oldest first. */
  get entries(): LibraryEntry[] {
    return this.#entries.filter(({ id }) => !this.#hidden.includes(id))
  }
  /** Libraries that are served with the page but cannot be read, and why. */
  get unreadable(): LibraryList['unreadable'] {
    return this.#unreadable
  }
  /** True once the list has been read. */
  get isRead(): boolean {
    return this.#isRead
  }
  /** How far a library is that a run or a question waits for. */
  get progress(): LoadProgress | null {
    return this.#progress
  }
  get error(): unknown {
    return this.#change.error ?? this.#reading.error
  }
  /** What there is to choose from, also what could not be reached just now; the embedded one is offered before its description is there. */
  get ids(): string[] {
    const ids = [...this.entries.map(({ id }) => id), ...this.#unreached]
    return ids.length > 0 ? ids : [DEFAULT_OPEN_BOOK.library]
  }
  entry(id: string): LibraryEntry | undefined {
    return this.#entries.find((entry) => entry.id === id)
  }

  /** Never rejects: a failure is in `error`. */
  async refresh(): Promise<void> {
    await this.#reading.run(async () => {
      const { entries, unreadable } = await this.client.call('library.list', null)
      this.#entries = entries
      this.#unreadable = unreadable
      this.#isRead = true
      this.onList([...entries.map(({ id }) => id), ...this.#unreached])
    })
  }
  async rename(id: string, title: string): Promise<void> {
    await this.#change.run(() => this.client.call('library.rename', { id, title }))
    await this.refresh()
  }
  /** Saves the pack as a file; its name, or null where that failed. */
  async export(entry: LibraryEntry): Promise<string | null> {
    const name = archiveName(entry.title)
    const isSaved = await this.#change.run(async () => {
      saveFile(await this.client.call('library.export', { id: entry.id }), name)
    })
    return isSaved ? name : null
  }
  hide(id: string): void {
    this.#hidden = [...this.#hidden, id]
  }
  restore(id: string): void {
    this.#hidden = this.#hidden.filter((hidden) => hidden !== id)
  }
  /** Deletes for good; of an embedded one, what is kept of it. */
  async delete(id: string): Promise<void> {
    await this.#change.run(() => this.client.call('library.delete', { id }))
    await this.refresh()
    this.restore(id)
  }
  showProgress(progress: LoadProgress): void {
    this.#progress = progress
  }
  /** Nothing waits for a library any more; one that was fetched is listed as kept. */
  async settle(): Promise<void> {
    if (this.#progress === null) return
    this.#progress = null
    await this.refresh()
  }

  get #unreached(): string[] {
    return this.#unreadable.flatMap(({ id, refusal }) => (refusal.code === 'download_failed' ? [id] : []))
  }
}
