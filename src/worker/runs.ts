// Runs of the open file: start, resume, stop, open again, and the files they give.
import { AppError } from '../core/errors'
import type { Edits, Mapping } from '../core/dataset/types'
import { evaluate } from '../core/evaluate'
import type { Clock, Progress, Retriever, RunRecord, RunStore } from '../core/ports'
import { reportCsv, submissionCsv } from '../core/submit'
import type { PipelineSettings } from '../core/pipeline'
import type { Answer, Question } from '../core/types'
import type { LoadedModel } from '../jobs/load-model'
import { runJob } from '../jobs/run'
import type { ModelHost } from './model-host'
import { OpenFile, answerPlace } from './open-file'
import type { LoadProgress, ModelState, OpenBook, RunEvent, RunSettings, RunSummary } from './protocol'
import type { LibraryOpener } from './vectors-host'

export interface RunsDeps {
  runs: RunStore
  models: ModelHost
  libraries: LibraryOpener
  clock: Clock
  newId(): string
  /** Milliseconds since 1970. */
  wallClock(): number
}
type Emit = (event: RunEvent | LoadProgress) => void

interface OpenRun {
  record: RunRecord
  settings: RunSettings
  file: OpenFile
  /** Nothing of it is stored. */
  isUnkept?: boolean
}

export class Runs {
  file: OpenFile | null = null
  #run: OpenRun | null = null
  /** The last stored run that was looked at; its rows are asked for next. */
  #viewed: OpenRun | null = null

  constructor(private readonly deps: RunsDeps) {}

  opened(): OpenFile {
    if (!this.file) throw new Error('internal: no file is open')
    return this.file
  }

  async start(signal: AbortSignal, settings: RunSettings, emit: Emit): Promise<RunSummary> {
    const file = this.opened()
    file.answers = []
    const model = await this.deps.models.load(signal, settings.model, emit)
    const asked = file.asked
    const sample = asked.filter((question) => question.options.length > 1).slice(0, 16)
    const inputs = sample.map(
      ({ prompt, options, context }) =>
        model.encoder.encode({ prompt, options: options.map((o) => o.text), context }, settings.contextWords).input,
    )
    await this.deps.models.race(signal, model, inputs, asked.length, emit)
    const state = this.deps.models.state(model)
    const record: RunRecord = {
      id: this.deps.newId(),
      fileName: file.table.fileName,
      createdAt: this.deps.wallClock(),
      status: 'running',
      done: 0,
      total: asked.length,
      seconds: 0,
      retrievalSeconds: 0,
      mapAt3: null,
      modelId: state.modelId,
      modelTitle: state.title,
      description: model.scorer.description,
      mapping: file.mapping,
      settings: { ...settings, state },
      edits: file.edits,
    }
    this.#run = { record, settings, file }
    try {
      await this.deps.runs.create(record, file.bytes)
      if (!this.deps.runs.isPersistent) emit({ kind: 'unkept', reason: null })
    } catch (error) {
      // Storage is full: the run goes on, it just cannot be resumed after a reload.
      if (!(error instanceof AppError) || error.code !== 'storage_refused') throw error
      this.#run.isUnkept = true
      emit(unkept(error))
    }
    return this.deps.models.use(model, () => this.#answer(signal, model, emit))
  }

  async resume(signal: AbortSignal, runId: string, emit: Emit): Promise<RunSummary> {
    this.#viewed = null
    const run = await this.#opened(runId)
    // The device that began it goes on with it: a run's result comes from one device.
    const device = stateOf(run.record)?.device ?? run.settings.model.device
    const model = await this.deps.models.load(signal, { ...run.settings.model, device }, emit)
    return this.deps.models.use(model, () => this.#answer(signal, model, emit))
  }

  async stop(runId: string): Promise<RunSummary> {
    const run = await this.#opened(runId)
    await this.#update(run, { status: 'stopped', mapAt3: evaluationOf(run.file)?.mapAt3.value ?? null })
    return this.#summary(run)
  }

  async open(runId: string): Promise<{ file: OpenFile; settings: RunSettings; summary: RunSummary }> {
    const run = await this.#opened(runId)
    return { file: run.file, settings: run.settings, summary: this.#summary(run) }
  }

  async submission(runId: string): Promise<Blob> {
    const { file, settings } = await this.view(runId)
    return new Blob([submissionCsv(file.questions, file.given, file.letters, settings.topK)], { type: 'text/csv;charset=utf-8' })
  }
  async report(runId: string): Promise<Blob> {
    const { file } = await this.view(runId)
    return new Blob([reportCsv(file.questions, file.given, file.letters, file.problems)], { type: 'text/csv;charset=utf-8' })
  }

  async delete(runId: string): Promise<void> {
    if (this.#run?.record.id === runId) this.#run = null
    if (this.#viewed?.record.id === runId) this.#viewed = null
    await this.deps.runs.delete(runId)
  }

  async #answer(signal: AbortSignal, model: LoadedModel, emit: Emit): Promise<RunSummary> {
    const run = this.#run!
    const { file, record, settings } = run
    const questions = file.asked
    const answered = file.given
    const tally = createTally(file, answered)
    await this.#update(run, { status: 'running' })
    emit({ kind: 'started', runId: record.id, total: questions.length, done: answered.length })
    const onAnswers = (answers: Answer[], progress: Progress): void => {
      for (const answer of answers) file.answers[answer.index] = answer
      emit({ kind: 'answers', answers: answers.map((answer) => file.summarize(answer)), progress, mapAt3: tally(answers) })
    }
    const spent = { seconds: record.seconds, retrievalSeconds: record.retrievalSeconds ?? 0 }
    try {
      const retriever = await openBook(signal, settings.openBook, needsLibrary(questions, settings), this.deps.libraries, emit)
      const job = { runId: record.id, questions, answered, spent, settings: pipelineSettings(settings) }
      const deps = {
        encoder: model.encoder,
        scorer: model.scorer,
        retriever,
        clock: this.deps.clock,
        runs: run.isUnkept ? null : this.deps.runs,
        onRefused: (error: AppError) => {
          run.isUnkept = true
          emit(unkept(error))
        },
      }
      await runJob(signal, job, deps, onAnswers)
      const mapAt3 = evaluationOf(file)?.mapAt3.value ?? null
      await this.#update(run, { status: 'done', done: questions.length, ...spent, mapAt3 })
      return this.#summary(run)
    } catch (error) {
      await this.#update(run, { status: 'paused', done: file.given.length, ...spent })
      throw error
    }
  }

  /** A stored run beside the open file, which stays open. */
  async view(runId: string): Promise<{ file: OpenFile; settings: RunSettings; summary: RunSummary }> {
    const isOpen = this.#run?.record.id === runId
    const run = !isOpen && this.#viewed?.record.id === runId ? this.#viewed : await this.#read(runId)
    this.#viewed = run
    return { file: run.file, settings: run.settings, summary: this.#summary(run) }
  }

  /** The run with its file open; read from the store where another file is open. */
  async #opened(runId: string): Promise<OpenRun> {
    if (this.#run?.record.id === runId && this.file === this.#run.file) return this.#run
    const run = await this.#read(runId)
    this.file = run.file
    this.#run = run
    return run
  }

  /** The run with its answers in place, from the store. */
  async #read(runId: string): Promise<OpenRun> {
    if (this.#run?.record.id === runId) return this.#run
    const [record, bytes] = await Promise.all([this.deps.runs.get(runId), this.deps.runs.file(runId)])
    if (!record || !bytes) throw new AppError('run_missing')
    const file = OpenFile.read(record.fileName, bytes, new AbortController().signal, () => undefined)
    file.change(record.mapping as Mapping, record.edits as Edits)
    for (const answer of await this.deps.runs.answers(runId)) file.answers[answer.index] = answer
    return { record, settings: record.settings as RunSettings, file }
  }

  async #update(run: OpenRun, change: Partial<RunRecord>): Promise<void> {
    run.record = { ...run.record, ...change }
    try {
      await this.deps.runs.update(run.record.id, change)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'storage_refused') throw error
    }
  }

  #summary({ record, file, settings }: OpenRun): RunSummary {
    const { seconds, retrievalSeconds = 0 } = record
    const submission = submissionCsv(file.questions, file.given, file.letters, settings.topK)
    return {
      runId: record.id,
      status: record.status,
      done: file.given.length,
      total: record.total,
      seconds,
      model: stateOf(record)!,
      submissionBytes: new TextEncoder().encode(submission).length,
      evaluation: evaluationOf(file),
      passageCount: file.given.filter((answer) => answer.passages.some((passage) => passage.used)).length,
      retrievalSeconds,
      scoringSeconds: seconds - retrievalSeconds,
    }
  }
}

/** The library of a run; null where it is off or no row would use it. */
export async function openBook(
  signal: AbortSignal,
  { library }: OpenBook,
  isNeeded: boolean,
  libraries: LibraryOpener,
  emit: (progress: LoadProgress) => void,
): Promise<Retriever | null> {
  return library === 'off' || !isNeeded ? null : libraries.open(signal, library, emit)
}
export function pipelineSettings({
  contextWords,
  openBook: { passages, isAlsoWithContext },
}: Pick<RunSettings, 'contextWords' | 'openBook'>): PipelineSettings {
  return { contextWords, passages, isAlsoWithContext }
}
function needsLibrary(questions: readonly Question[], { openBook: { isAlsoWithContext } }: RunSettings): boolean {
  return isAlsoWithContext || questions.some((question) => question.context === null)
}

const unkept = ({ code, detail }: AppError): RunEvent => ({ kind: 'unkept', reason: String(detail['reason'] ?? code) })
function stateOf(record: RunRecord): ModelState | undefined {
  return (record.settings as { state?: ModelState }).state
}
function evaluationOf(file: OpenFile) {
  const evaluation = evaluate(file.questions, file.given)
  return evaluation.scored > 0 ? evaluation : null
}

/** MAP@3 so far; null while no labelled row is answered. */
function createTally(file: OpenFile, answered: readonly Answer[]): (answers: readonly Answer[]) => number | null {
  let sum = 0
  let scored = 0
  const add = (answers: readonly Answer[]): void => {
    for (const answer of answers) {
      const place = answerPlace(file.questions[answer.index]!, answer)
      if (place === null) continue
      scored++
      if (place >= 1 && place <= 3) sum += 1 / place
    }
  }
  add(answered)
  return (answers) => {
    add(answers)
    return scored > 0 ? sum / scored : null
  }
}
