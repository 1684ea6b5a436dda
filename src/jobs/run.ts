// A run: answers the questions that are not answered yet, reports in small groups, and checkpoints each group, so that a pause, a reload or
// a crash loses at most about a second of work. Where storage is refused the run goes on in memory and says so at once.
import { AppError } from '../core/errors'
import { answerQuestions, type PipelineDeps, type PipelineSettings } from '../core/pipeline'
import type { Progress, RunStore } from '../core/ports'
import type { Answer, Question } from '../core/types'
import { createMeter } from './progress'
import { TimedRetriever } from './timed-retriever'

export interface RunJob {
  runId: string
  questions: readonly Question[]
  /** Answers of an earlier part of the run. */
  answered: readonly Answer[]
  /** What it took so far; kept up to date, also when the job is stopped. */
  spent: RunTime
  settings: PipelineSettings
}
export interface RunTime {
  /** Wall time, retrieval included. */
  seconds: number
  retrievalSeconds: number
}
export interface RunDeps extends PipelineDeps {
  /** null: nothing of this run can be kept. */
  runs: RunStore | null
  /** Called once, with storage_refused: from here on nothing is kept. */
  onRefused(error: AppError): void
}

const REPORT_MS = 100
const CHECKPOINT_MS = 1_000

/** Resolves when every question is answered; rejects with `aborted` after the last checkpoint when the signal aborts. */
export async function runJob(
  signal: AbortSignal,
  job: RunJob,
  deps: RunDeps,
  onAnswers: (answers: Answer[], progress: Progress) => void,
): Promise<void> {
  const { clock } = deps
  let { runs } = deps
  const startedAt = clock.now()
  const isAnswered = new Set(job.answered.map((answer) => answer.index))
  const open = job.questions.filter((question) => !isAnswered.has(question.row - 1))
  const total = job.questions.length
  const meter = createMeter(clock, total - open.length)
  let done = total - open.length
  let fresh: Answer[] = []
  let unsaved: Answer[] = []
  let reportedAt = clock.now()
  let savedAt = reportedAt
  let saving: Promise<void> = Promise.resolve()

  const before = { ...job.spent }
  const retriever = deps.retriever && new TimedRetriever(deps.retriever, clock)
  const readClock = (): RunTime =>
    Object.assign(job.spent, {
      seconds: before.seconds + (clock.now() - startedAt) / 1000,
      retrievalSeconds: before.retrievalSeconds + (retriever?.seconds ?? 0),
    })
  const report = (): void => {
    if (fresh.length > 0) onAnswers(fresh, meter(done, total))
    fresh = []
    reportedAt = clock.now()
  }
  const save = (): void => {
    const block = unsaved
    unsaved = []
    savedAt = clock.now()
    if (block.length === 0) return
    const change = { done, ...readClock() }
    saving = saving.then(async () => {
      if (!runs) return
      try {
        await runs.appendAnswers(job.runId, block)
        await runs.update(job.runId, change)
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'storage_refused') throw error
        runs = null
        deps.onRefused(error)
      }
    })
    saving.catch(() => undefined) // awaited below
  }

  try {
    await answerQuestions(signal, open, job.settings, { ...deps, retriever }, (answer) => {
      done++
      fresh.push(answer)
      unsaved.push(answer)
      const now = clock.now()
      if (now - reportedAt >= REPORT_MS) report()
      if (now - savedAt >= CHECKPOINT_MS) save()
    })
  } finally {
    readClock()
    report()
    save()
    await saving
  }
}
