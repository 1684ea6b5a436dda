// Every call of the protocol, over ports only: the same handlers run in the page's worker and in tests.
import { answerQuestions } from '../core/pipeline'
import { AppError } from '../core/errors'
import type { Answer, Question } from '../core/types'
import { createMeter } from '../jobs/progress'
import { ModelHost, type ModelHostDeps } from './model-host'
import { OpenFile } from './open-file'
import type { AskParams, AskResult, DeviceView, LoadProgress, StorageView } from './protocol'
import { Runs, type RunsDeps } from './runs'
import type { Handlers } from './server'

export interface HandlerDeps extends ModelHostDeps, Omit<RunsDeps, 'models'> {
  storage: { view(): Promise<StorageView>; clear(): Promise<void> }
  viewDevice(): Promise<DeviceView>
}

export function createHandlers(deps: HandlerDeps): Handlers {
  const models = new ModelHost(deps)
  const runs = new Runs({ ...deps, models })
  return {
    'models.list': (_, { signal }) => models.list(signal),
    'models.load': async (choice, { signal, emit }) => models.state(await models.load(signal, choice, emit)),
    'models.delete': async ({ modelId, precision }, { signal }) => {
      await models.delete(signal, modelId, precision)
      return null
    },
    'storage.view': () => deps.storage.view(),
    'storage.clear': async () => {
      await models.close()
      await deps.storage.clear()
      return null
    },
    'device.view': () => deps.viewDevice(),

    'file.open': async ({ name, blob }, { signal, emit }) => {
      const meter = createMeter(deps.clock)
      const bytes = await readBlob(name, blob)
      runs.file = OpenFile.read(name, bytes, signal, (done, total) => {
        emit(meter(done, total))
      })
      return runs.file.view()
    },
    'file.change': async ({ mapping, edits }) => {
      await Promise.resolve()
      const file = runs.opened()
      file.change(mapping, edits)
      return file.view()
    },
    'file.close': async () => {
      await Promise.resolve()
      runs.file = null
      return null
    },

    'run.start': (settings, { signal, emit }) => runs.start(signal, settings, emit),
    'run.resume': ({ runId }, { signal, emit }) => runs.resume(signal, runId, emit),
    'run.stop': ({ runId }) => runs.stop(runId),
    'run.open': async ({ runId }) => {
      const { file, settings, summary } = await runs.open(runId)
      return { file: file.view(), settings, summary, answers: file.summaries() }
    },
    'run.view': async ({ runId }) => {
      const { file, settings, summary } = await runs.view(runId)
      return { fileName: file.table.fileName, settings, summary, answers: file.summaries() }
    },
    'run.rows': async ({ runId, indices }) => {
      const { file } = await runs.view(runId)
      return indices.map((index) => file.row(index))
    },
    'run.list': () => deps.runs.list(),
    'run.delete': async ({ runId }) => {
      await runs.delete(runId)
      return null
    },
    'run.submission': ({ runId }) => runs.submission(runId),
    'run.report': ({ runId }) => runs.report(runId),
    'rows.select': async ({ filter, search }) => {
      await Promise.resolve()
      return runs.opened().select(filter, search)
    },
    'rows.read': async ({ indices }) => {
      await Promise.resolve()
      return indices.map((index) => runs.opened().row(index))
    },
    ask: (params, { signal, emit }) => ask(signal, params, models, deps, emit),
  }
}

async function readBlob(name: string, blob: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer())
  } catch (error) {
    throw new AppError('file_unreadable', { file: name, reason: error instanceof Error ? error.message : String(error) })
  }
}

async function ask(
  signal: AbortSignal,
  params: AskParams,
  models: ModelHost,
  deps: HandlerDeps,
  emit: (progress: LoadProgress) => void,
): Promise<AskResult> {
  const options = params.options
    .map((text, i) => ({ letter: String.fromCharCode(65 + i), text }))
    .filter((option) => option.text.trim() !== '')
  if (params.prompt.trim() === '' || options.length < 2) throw new AppError('question_incomplete')
  const model = await models.load(signal, params.model, emit)
  const question: Question = { row: 1, id: '1', prompt: params.prompt, options, context: params.context, answer: null }
  const startedAt = deps.clock.now()
  let answer: Answer | null = null
  const settings = { contextWords: params.contextWords, passages: params.openBook.library === 'off' ? 0 : params.openBook.passages }
  const { retrievalSeconds } = await answerQuestions(
    signal,
    [question],
    settings,
    { ...deps, encoder: model.encoder, scorer: model.scorer, retriever: null },
    (a) => {
      answer = a
    },
  )
  if (!answer) throw new Error('internal: a question was not answered')
  return {
    letters: options.map((o) => o.letter),
    answer,
    seconds: (deps.clock.now() - startedAt) / 1000,
    retrievalSeconds,
    model: models.state(model),
  }
}
