// What Evaluate shows: one finished, scored run, others of the same file beside it, and rows as they are asked for.
// Runs are read beside the file that is open on the Answer screen. The last choice wins.
import type { Estimate, Evaluation } from '../../core/evaluate/types'
import type { RunRecord } from '../../core/ports'
import type { Client } from '../../worker/client'
import type { Protocol, RowView } from '../../worker/protocol'
import { compareRuns, type Comparison } from './compare-runs'

export type ViewedRun = Protocol['run.view']['result']
export interface ScoredRun extends ViewedRun {
  record: RunRecord
  evaluation: Evaluation
}

const OTHERS = 4
/** Other runs of a larger file are left out: reading each takes seconds. */
const OTHERS_ROWS = 5_000

export class Evaluate {
  #runs = $state.raw<RunRecord[] | null>(null)
  #run = $state.raw<ScoredRun | null>(null)
  #others = $state.raw<{ record: RunRecord; mapAt3: Estimate }[]>([])
  #pair = $state.raw<{ a: ScoredRun; b: ScoredRun; comparison: Comparison } | null>(null)
  #error = $state.raw<unknown>(null)
  #isLoading = $state(false)
  #request = 0

  constructor(private readonly client: Client) {}

  /** Finished runs with a score, newest first; null until they are read. */
  get runs(): RunRecord[] | null {
    return this.#runs
  }
  get run(): ScoredRun | null {
    return this.#run
  }
  get others(): { record: RunRecord; mapAt3: Estimate }[] {
    return this.#others
  }
  get pair(): { a: ScoredRun; b: ScoredRun; comparison: Comparison } | null {
    return this.#pair
  }
  get error(): unknown {
    return this.#error
  }
  get isLoading(): boolean {
    return this.#isLoading
  }
  /** Runs that can be compared with `record`: the same file name and as many rows. */
  sameFile(record: RunRecord): RunRecord[] {
    return (this.#runs ?? []).filter((run) => run.fileName === record.fileName && run.total === record.total)
  }
  /** Runs that another one can be compared with. */
  get comparable(): RunRecord[] {
    return (this.#runs ?? []).filter((run) => this.sameFile(run).length > 1)
  }
  /** The run to set beside `runId`: `preferredId` if it is of the same file, else the newest that is; null when there is none. */
  partnerOf(runId: string, preferredId: string): string | null {
    const run = this.#find(runId)
    const others = run ? this.sameFile(run).filter((other) => other.id !== runId) : []
    return (others.find((other) => other.id === preferredId) ?? others[0])?.id ?? null
  }

  /** Opens a run for the report; null: the newest. Never rejects. */
  async open(runId: string | null): Promise<void> {
    await this.#latest(async (isLatest) => {
      const record = this.#find(runId) ?? this.#runs?.[0]
      if (record === undefined) {
        this.#run = null
        return
      }
      const run = await this.#read(record)
      if (!isLatest()) return
      this.#run = run
      this.#others = []
      await this.#readOthers(record, isLatest)
    })
  }

  /** Opens two runs for Compare; null: the newest two of one file. Never rejects. */
  async openPair(ids: readonly [string, string] | null): Promise<void> {
    await this.#latest(async (isLatest) => {
      const records = ids?.map((id) => this.#find(id)) ?? this.#newestPair()
      const [a, b] = records
      if (a === undefined || b === undefined) {
        this.#pair = null
        return
      }
      const [readA, readB] = [await this.#read(a), await this.#read(b)]
      if (isLatest()) this.#pair = { a: readA, b: readB, comparison: compareRuns(readA.answers, readB.answers) }
    })
  }

  /** Rows of a run, 0-based. */
  rows(runId: string, indices: number[]): Promise<RowView[]> {
    return this.client.call('run.rows', { runId, indices })
  }

  async #latest(work: (isLatest: () => boolean) => Promise<void>): Promise<void> {
    const request = ++this.#request
    const isLatest = () => request === this.#request
    this.#isLoading = true
    this.#error = null
    try {
      const runs = await this.client.call('run.list', null)
      if (!isLatest()) return
      this.#runs = runs
        .filter((run) => run.mapAt3 !== null && (run.status === 'done' || run.status === 'stopped'))
        .sort((x, y) => y.createdAt - x.createdAt)
      await work(isLatest)
    } catch (error) {
      if (isLatest()) this.#error = error
    } finally {
      if (isLatest()) this.#isLoading = false
    }
  }
  async #read(record: RunRecord): Promise<ScoredRun> {
    const viewed = await this.client.call('run.view', { runId: record.id })
    if (viewed.summary.evaluation === null) throw new Error(`internal: run ${record.id} has a score and no evaluation`)
    return { ...viewed, record, evaluation: viewed.summary.evaluation }
  }
  async #readOthers(record: RunRecord, isLatest: () => boolean): Promise<void> {
    if (record.total > OTHERS_ROWS) return
    const others = this.sameFile(record).filter((run) => run.id !== record.id)
    for (const other of others.slice(0, OTHERS)) {
      const { evaluation } = await this.#read(other)
      if (!isLatest()) return
      this.#others = [...this.#others, { record: other, mapAt3: evaluation.mapAt3 }]
    }
  }
  #find(runId: string | null): RunRecord | undefined {
    return this.#runs?.find((run) => run.id === runId)
  }
  #newestPair(): (RunRecord | undefined)[] {
    for (const b of this.#runs ?? []) {
      const a = this.sameFile(b).find((run) => run.id !== b.id)
      if (a) return [b, a]
    }
    return []
  }
}
