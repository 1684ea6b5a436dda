// The rows the table shows: which pass the filter and the search, and the text of the few in sight. The file itself stays in the worker.
// Requests follow the screen: what was asked last wins, and nothing is asked twice while an answer is on its way.
import type { Client } from '../../worker/client'
import type { RowFilter, RowView } from '../../worker/protocol'
import { codeOf } from '../text'
import { TextCache } from './text-cache'

const KEPT_ROWS = 2_000
const SHOWN_CHARACTERS = 400
const REFRESH_MS = 700

export class Rows {
  #client: Client
  #filter = $state<RowFilter>('all')
  #search = $state('')
  #indices = $state.raw<Uint32Array | null>(null)
  #counts = $state.raw<Record<RowFilter, number> | null>(null)
  #rowCount = $state(0)
  #version = $state(0)
  #prompts = new TextCache(KEPT_ROWS)
  #wanted: number[] = []
  #isReading = false
  #selecting: AbortController | null = null
  #refreshedAt = 0
  #tookMs = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Changes with the file, so that answers to questions about the former one are dropped. */
  #epoch = 0

  /** `onError`: what goes wrong in requests that nobody waits for. */
  constructor(
    client: Client,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#client = client
  }
  get filter(): RowFilter {
    return this.#filter
  }
  get search(): string {
    return this.#search
  }
  /** Rows in each filter, among those that match the search; null until counted. */
  get counts(): Record<RowFilter, number> | null {
    return this.#counts
  }
  get isEveryRow(): boolean {
    return this.#indices === null
  }
  get length(): number {
    return this.#indices?.length ?? this.#rowCount
  }
  /** 0-based row at a position of the list. */
  at(position: number): number {
    return this.#indices === null ? position : this.#indices[position]!
  }
  /** Position of a 0-based row in the list, -1 when it is filtered out. */
  position(index: number): number {
    if (this.#indices === null) return index < this.#rowCount ? index : -1
    return this.#indices.indexOf(index)
  }
  /** The question's text, undefined until it is read. */
  prompt(index: number): string | undefined {
    void this.#version
    return this.#prompts.get(index)
  }

  /** The file or its mapping changed. */
  reset(rowCount: number): void {
    this.#epoch++
    this.#selecting?.abort()
    clearTimeout(this.#timer)
    this.#filter = 'all'
    this.#search = ''
    this.#indices = null
    this.#counts = null
    this.#rowCount = rowCount
    this.#prompts.clear()
    this.#wanted = []
    this.#version++
  }
  /** Resolves to the number of rows that pass; null when a later choice overtook it. */
  choose(filter: RowFilter, search: string): Promise<number | null> {
    this.#filter = filter
    this.#search = search
    return this.#select()
  }
  /** Answers came in: filters and counts follow, often enough for the eye and never so often that the worker is held up. */
  refresh(isFinal = false): void {
    clearTimeout(this.#timer)
    const wait = isFinal ? 0 : Math.max(REFRESH_MS, 20 * this.#tookMs) - (performance.now() - this.#refreshedAt)
    this.#timer = setTimeout(() => void this.#select().catch(this.onError), Math.max(0, wait))
  }
  /** Asks for the text of rows in sight. */
  want(indices: readonly number[]): void {
    this.#wanted = indices.filter((index) => !this.#prompts.has(index))
    if (!this.#isReading) void this.#read().catch(this.onError)
  }
  /** One row with everything that is known about it. */
  async read(signal: AbortSignal, index: number): Promise<RowView | null> {
    const [row] = await this.#client.call('rows.read', { indices: [index] }, { signal })
    return row ?? null
  }

  async #select(): Promise<number | null> {
    this.#selecting?.abort()
    const selecting = new AbortController()
    this.#selecting = selecting
    const startedAt = performance.now()
    this.#refreshedAt = startedAt
    try {
      const { indices, counts } = await this.#client.call(
        'rows.select',
        { filter: this.#filter, search: this.#search },
        { signal: selecting.signal },
      )
      if (this.#selecting !== selecting || selecting.signal.aborted) return null
      this.#tookMs = performance.now() - startedAt
      this.#counts = counts
      this.#indices = this.#filter === 'all' && this.#search.trim() === '' ? null : indices
      return indices.length
    } catch (error) {
      if (codeOf(error) === 'aborted') return null
      throw error
    }
  }
  async #read(): Promise<void> {
    this.#isReading = true
    try {
      while (this.#wanted.length > 0) {
        const epoch = this.#epoch
        const indices = this.#wanted.filter((index) => !this.#prompts.has(index))
        this.#wanted = []
        if (indices.length === 0) continue
        const rows = await this.#client.call('rows.read', { indices })
        if (epoch !== this.#epoch) continue
        this.#prompts.makeRoom(rows.length)
        rows.forEach((row, i) => this.#prompts.set(indices[i]!, row.question.prompt.slice(0, SHOWN_CHARACTERS)))
        this.#version++
      }
    } finally {
      this.#isReading = false
    }
  }
}
