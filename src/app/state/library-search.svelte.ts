// Looking something up in a library: the passages as the model would find them. The last search wins.
import type { PassageHit } from '../../core/types'
import type { Client } from '../../worker/client'
import type { LoadProgress } from '../../worker/protocol'
import { codeOf } from '../text'

const HITS = 10

export interface Found {
  /** The words that were looked up, for marking. */
  words: string
  hits: PassageHit[]
  seconds: number
}

export class LibrarySearch {
  words = $state('')
  #found = $state.raw<Found | null>(null)
  #progress = $state.raw<LoadProgress | null>(null)
  #error = $state.raw<unknown>(null)
  #request: AbortController | null = null

  constructor(
    private readonly client: Client,
    /** Called after a search that fetched the library. */
    private readonly onFetched: () => Promise<void>,
  ) {}
  get found(): Found | null {
    return this.#found
  }
  /** How far the library is that has to be fetched first. */
  get progress(): LoadProgress | null {
    return this.#progress
  }
  get error(): unknown {
    return this.#error
  }

  /** Never rejects: a failure is in `error`. */
  async run(id: string): Promise<void> {
    this.#request?.abort()
    const words = this.words.trim()
    if (words === '') {
      this.#found = null
      return
    }
    const request = new AbortController()
    this.#request = request
    let isFetched = false
    try {
      const onEvent = (progress: LoadProgress): void => {
        isFetched ||= progress.phase === 'fetching'
        if (this.#request === request) this.#progress = progress
      }
      const { hits, seconds } = await this.client.call('library.search', { id, words, count: HITS }, { signal: request.signal, onEvent })
      if (this.#request !== request) return
      this.#found = { words, hits, seconds }
      this.#error = null
    } catch (error) {
      if (this.#request === request && codeOf(error) !== 'aborted') this.#error = error
    } finally {
      if (this.#request === request) this.#progress = null
    }
    if (isFetched) await this.onFetched()
  }
  clear(): void {
    this.#request?.abort()
    this.#found = null
    this.#error = null
  }
}
