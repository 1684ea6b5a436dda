// Search by meaning: the embedders that are kept, and the vectors of the library that is looked at. Pausing is an abort; going on is the
// same call again.
import type { Client } from '../../worker/client'
import type { EmbedderEntry, VectorsView } from '../../worker/protocol'
import type { Progress } from '../../core/ports'
import { codeOf } from '../text'

/** adding: an embedder is being tried; working: passages are being embedded. */
export type VectorsStatus = 'idle' | 'adding' | 'working'

export class LibraryVectors {
  queryPrefix = $state('')
  passagePrefix = $state('')
  #libraryId = $state('')
  #embedderId = $state('')
  #status = $state<VectorsStatus>('idle')
  #embedders = $state.raw<EmbedderEntry[]>([])
  #view = $state.raw<VectorsView | null>(null)
  #progress = $state.raw<Progress | null>(null)
  #added = $state.raw<EmbedderEntry | null>(null)
  #error = $state.raw<unknown>(null)
  #work: AbortController | null = null

  constructor(private readonly client: Client) {}
  get status(): VectorsStatus {
    return this.#status
  }
  get libraryId(): string {
    return this.#libraryId
  }
  get embedderId(): string {
    return this.#embedderId
  }
  get embedders(): EmbedderEntry[] {
    return this.#embedders
  }
  /** The vectors of the library that is looked at; null where it has none. */
  get view(): VectorsView | null {
    return this.#view
  }
  get progress(): Progress | null {
    return this.#progress
  }
  /** The embedder that came last. */
  get added(): EmbedderEntry | null {
    return this.#added
  }
  get error(): unknown {
    return this.#error
  }
  /** True where the chosen embedder and prefixes are those that made the vectors. */
  get isSame(): boolean {
    const view = this.#view
    return (
      view !== null &&
      !view.isStale &&
      view.embedderId === this.#embedderId &&
      view.queryPrefix === this.queryPrefix &&
      view.passagePrefix === this.passagePrefix
    )
  }

  /** Never rejects: a failure is in `error`. So do the others. */
  async refresh(libraryId = this.#libraryId): Promise<void> {
    this.#libraryId = libraryId
    await this.#try(async () => {
      this.#embedders = await this.client.call('embedder.list', null)
      const view = libraryId === '' ? null : await this.client.call('vectors.view', { id: libraryId })
      if (this.#libraryId !== libraryId) return
      this.#view = view
      const isKept = (id: string): boolean => this.#embedders.some((entry) => entry.id === id)
      const wanted = [view?.embedderId ?? '', this.#embedderId].find(isKept) ?? this.#embedders[0]?.id ?? ''
      this.chooseEmbedder(wanted)
    })
  }
  /** With the prefixes that the library's vectors were made with, or else those of its folder. */
  chooseEmbedder(id: string): void {
    this.#embedderId = id
    const source = this.#view?.embedderId === id ? this.#view : this.#embedders.find((entry) => entry.id === id)
    this.queryPrefix = source?.queryPrefix ?? ''
    this.passagePrefix = source?.passagePrefix ?? ''
  }
  async addEmbedder(files: readonly File[]): Promise<void> {
    if (files.length === 0 || this.#status !== 'idle') return
    const named = files.map((file) => ({ name: file.webkitRelativePath || file.name, blob: file }))
    const entry = await this.#during('adding', (signal) => this.client.call('embedder.add', { files: named }, { signal }))
    if (!entry) return
    this.#added = entry
    this.#embedderId = entry.id
    await this.refresh()
    this.chooseEmbedder(entry.id)
  }
  async deleteEmbedder(id: string): Promise<void> {
    await this.#try(() => this.client.call('embedder.delete', { id }))
    await this.refresh()
  }
  /** True once every passage has its vector. */
  async embed(): Promise<boolean> {
    if (this.#status !== 'idle') return false
    const { libraryId: id, embedderId, queryPrefix, passagePrefix } = this
    const view = await this.#during('working', (signal) =>
      this.client.call(
        'library.embed',
        { id, embedderId, queryPrefix, passagePrefix },
        { signal, onEvent: (event) => (this.#progress = event) },
      ),
    )
    const error = this.#error
    await this.refresh()
    this.#error = error
    return view !== null
  }
  pause(): void {
    this.#work?.abort()
  }
  async switch(isOn: boolean): Promise<void> {
    await this.#try(async () => {
      this.#view = await this.client.call('vectors.switch', { id: this.#libraryId, isOn })
    })
  }
  async deleteVectors(): Promise<void> {
    await this.#try(() => this.client.call('vectors.delete', { id: this.#libraryId }))
    await this.refresh()
  }

  async #during<T>(status: VectorsStatus, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const abort = new AbortController()
    this.#work = abort
    this.#status = status
    this.#progress = null
    this.#added = null
    const result: { value: T | null } = { value: null }
    await this.#try(async () => {
      result.value = await work(abort.signal)
    })
    this.#status = 'idle'
    return result.value
  }
  async #try(work: () => Promise<unknown>): Promise<void> {
    this.#error = null
    try {
      await work()
    } catch (error) {
      if (codeOf(error) !== 'aborted') this.#error = error
    }
  }
}
