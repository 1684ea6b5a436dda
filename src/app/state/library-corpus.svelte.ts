// Files on their way into a library: looked at, columns chosen, indexed. Stopping leaves nothing behind and the choice as it was.
import type { Client } from '../../worker/client'
import type { CorpusProgress, CorpusView, LibraryEntry } from '../../worker/protocol'
import { codeOf } from '../text'

/** none: nothing chosen; inspecting; chosen: ready to be indexed; working: indexing or importing. */
export type CorpusStatus = 'none' | 'inspecting' | 'chosen' | 'working'
interface Named {
  name: string
  blob: Blob
}

export class LibraryCorpus {
  title = $state('')
  textColumn = $state<string | null>(null)
  titleColumn = $state<string | null>(null)
  #status = $state<CorpusStatus>('none')
  #isHeld = $state(false)
  #view = $state.raw<CorpusView | null>(null)
  #progress = $state.raw<CorpusProgress | null>(null)
  #added = $state.raw<LibraryEntry | null>(null)
  #error = $state.raw<unknown>(null)
  #files: Named[] = []
  #work: AbortController | null = null

  constructor(
    private readonly client: Client,
    /** Called when a library has come. */
    private readonly onAdded: () => Promise<void>,
  ) {}
  get status(): CorpusStatus {
    return this.#status
  }
  get view(): CorpusView | null {
    return this.#view
  }
  get progress(): CorpusProgress | null {
    return this.#progress
  }
  /** The library that was made last. */
  get added(): LibraryEntry | null {
    return this.#added
  }
  get error(): unknown {
    return this.#error
  }

  /** Looks at files; a single .tar is taken for a pack. Never rejects: a failure is in `error`. */
  async open(files: readonly File[]): Promise<void> {
    if (this.#status === 'working' || files.length === 0) return
    const first = files[0]!
    if (files.length === 1 && /\.tar$/i.test(first.name)) return this.import(first)
    this.#files = files.map((file) => ({ name: file.name, blob: file }))
    this.#status = 'inspecting'
    const view = await this.#attempt((signal) => this.client.call('library.inspect', { files: this.#files }, { signal }))
    this.#view = view
    this.#status = view === null ? 'none' : 'chosen'
    this.title = view?.suggestedTitle ?? ''
    this.textColumn = view?.textColumn ?? null
    this.titleColumn = view?.titleColumn ?? null
  }
  /** Never rejects: a failure is in `error`, and the files stay chosen. */
  async add(): Promise<void> {
    const { title, textColumn, titleColumn } = this
    const refused = this.#view?.files.flatMap(({ name, refusal }) => (refusal === null ? [] : [name])) ?? []
    const files = this.#files.filter(({ name }) => !refused.includes(name))
    this.#status = 'working'
    this.#isHeld = false
    const entry = await this.#attempt((signal) =>
      this.client.call('library.add', { files, title, textColumn, titleColumn }, { signal, onEvent: (event) => (this.#progress = event) }),
    )
    await this.#settle(entry, 'chosen')
  }
  async import(file: File): Promise<void> {
    this.#status = 'working'
    const pack = { name: file.name, blob: file }
    const entry = await this.#attempt((signal) =>
      this.client.call('library.import', pack, { signal, onEvent: (event) => (this.#progress = event) }),
    )
    await this.#settle(entry, 'none')
  }
  get isHeld(): boolean {
    return this.#isHeld
  }
  /** Files are being indexed, which can be paused; importing a pack is over too soon for that. */
  get canHold(): boolean {
    return this.#status === 'working' && this.#files.length > 0
  }
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.client.call('library.hold', { isHeld }).catch((error: unknown) => (this.#error = error))
  }
  stop(): void {
    this.#work?.abort()
  }
  /** Lets the chosen files go. */
  cancel(): void {
    this.stop()
    this.#files = []
    this.#view = null
    this.#error = null
    this.#status = 'none'
  }

  async #settle(entry: LibraryEntry | null, otherwise: CorpusStatus): Promise<void> {
    if (entry === null) {
      this.#status = otherwise
      return
    }
    this.cancel()
    this.#added = entry
    await this.onAdded()
  }
  async #attempt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    this.#work?.abort()
    const abort = new AbortController()
    this.#work = abort
    this.#error = null
    this.#added = null
    this.#progress = null
    try {
      return await work(abort.signal)
    } catch (error) {
      if (codeOf(error) !== 'aborted') this.#error = error
      return null
    }
  }
}
