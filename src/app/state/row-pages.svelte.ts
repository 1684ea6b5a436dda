// The first rows of a long list of indices, more when asked for. The last list wins.
import type { RowView } from '../../worker/protocol'

const PAGE = 12

export class RowPages {
  #indices: readonly number[] = []
  #rows = $state.raw<RowView[]>([])
  #error = $state.raw<unknown>(null)
  #total = $state(0)
  #request = 0

  constructor(private readonly read: (indices: number[]) => Promise<RowView[]>) {}

  get rows(): RowView[] {
    return this.#rows
  }
  /** Rows that are not shown yet. */
  get left(): number {
    return this.#total - this.#rows.length
  }
  /** How many `more` adds. */
  get nextPage(): number {
    return Math.min(PAGE, this.left)
  }
  get error(): unknown {
    return this.#error
  }

  /** Shows the first of these rows, 0-based. Never rejects. */
  async show(indices: readonly number[]): Promise<void> {
    this.#indices = indices
    this.#total = indices.length
    await this.#load(0)
  }
  async more(): Promise<void> {
    await this.#load(this.#rows.length)
  }

  async #load(from: number): Promise<void> {
    const request = ++this.#request
    try {
      const page = await this.read(this.#indices.slice(from, from + PAGE))
      if (request !== this.#request) return
      this.#rows = [...this.#rows.slice(0, from), ...page]
      this.#error = null
    } catch (error) {
      if (request === this.#request) this.#error = error
    }
  }
}
