// The stored runs. A deleted one leaves the list at once and the store eight seconds later, unless it is taken back.
import type { RunRecord } from '../../core/ports'
import type { Client } from '../../worker/client'

export class History {
  #runs = $state.raw<RunRecord[] | null>(null)
  #hidden = $state.raw<readonly string[]>([])
  #picked = $state.raw<readonly string[]>([])
  #error = $state.raw<unknown>(null)

  constructor(private readonly client: Client) {}

  /** Newest first; null until they are read. */
  get runs(): RunRecord[] | null {
    return this.#runs?.filter((run) => !this.#hidden.includes(run.id)) ?? null
  }
  /** Ids of at most two runs, to compare. */
  get picked(): readonly string[] {
    return this.#picked
  }
  get error(): unknown {
    return this.#error
  }

  fail(error: unknown): void {
    this.#error = error
  }

  /** Never rejects: a failure is in `error`. */
  async refresh(): Promise<void> {
    try {
      const runs = await this.client.call('run.list', null)
      this.#runs = runs.sort((a, b) => b.createdAt - a.createdAt)
      this.#picked = this.#picked.filter((id) => runs.some((run) => run.id === id))
      this.#error = null
    } catch (error) {
      this.#error = error
    }
  }

  /** A third pick replaces the older of the two; a run of another file begins anew. */
  pick(run: RunRecord, isPicked: boolean): void {
    const kept = this.#picked.filter((id) => id !== run.id && this.#isSameFile(id, run))
    this.#picked = isPicked ? [...kept.slice(-1), run.id] : this.#picked.filter((id) => id !== run.id)
  }

  hide(ids: readonly string[]): void {
    this.#hidden = [...this.#hidden, ...ids]
    this.#picked = this.#picked.filter((id) => !ids.includes(id))
  }
  restore(ids: readonly string[]): void {
    this.#hidden = this.#hidden.filter((id) => !ids.includes(id))
  }
  /** Deletes for good. Never rejects: a failure is in `error`, and the run is listed again. */
  async delete(ids: readonly string[]): Promise<void> {
    try {
      for (const runId of ids) await this.client.call('run.delete', { runId })
      this.#runs = this.#runs?.filter((run) => !ids.includes(run.id)) ?? null
    } catch (error) {
      this.#error = error
    } finally {
      this.restore(ids)
    }
  }

  #isSameFile(id: string, run: RunRecord): boolean {
    const other = this.#runs?.find((candidate) => candidate.id === id)
    return other !== undefined && other.fileName === run.fileName && other.total === run.total
  }
}
