// The file that is open: what the worker says about it. Its rows stay there. The last change wins.
import type { Edits, Mapping } from '../../core/dataset/types'
import type { Client } from '../../worker/client'
import type { FileView } from '../../worker/protocol'
import { codeOf } from '../text'

export class OpenFileState {
  #client: Client
  #view = $state.raw<FileView | null>(null)
  #reading = $state.raw<{ name: string; rows: number } | null>(null)
  #error = $state.raw<unknown>(null)
  #opening: AbortController | null = null
  #changes = 0

  constructor(client: Client) {
    this.#client = client
  }
  get view(): FileView | null {
    return this.#view
  }
  /** Set while a file is being read. */
  get reading(): { name: string; rows: number } | null {
    return this.#reading
  }
  get error(): unknown {
    return this.#error
  }
  fail(error: unknown): void {
    this.#error = error
  }

  /** True when the file is open; false when it cannot be read (see `error`) or another took its place. The former file stays open then. */
  async open(name: string, blob: Blob): Promise<boolean> {
    this.#opening?.abort()
    const opening = new AbortController()
    this.#opening = opening
    this.#error = null
    this.#reading = { name, rows: 0 }
    try {
      const view = await this.#client.call(
        'file.open',
        { name, blob },
        {
          signal: opening.signal,
          onEvent: (progress) => {
            if (this.#opening === opening) this.#reading = { name, rows: progress.done }
          },
        },
      )
      if (this.#opening !== opening) return false
      this.adopt(view)
      return true
    } catch (error) {
      if (this.#opening === opening && codeOf(error) !== 'aborted') this.#error = error
      return false
    } finally {
      if (this.#opening === opening) this.#reading = null
    }
  }
  /** Resolves to true once the change is in force; false when a later one overtook it. */
  async change(change: { mapping?: Mapping; edits?: Edits }): Promise<boolean> {
    const view = this.#view
    if (view === null) return false
    const number = ++this.#changes
    const next = await this.#client.call('file.change', { mapping: change.mapping ?? view.mapping, edits: change.edits ?? view.edits })
    if (number !== this.#changes || this.#view === null) return false
    this.#error = null
    this.#view = next
    return true
  }
  /** A stored run brings its own file. */
  adopt(view: FileView): void {
    this.#changes++
    this.#error = null
    this.#view = view
  }
}
