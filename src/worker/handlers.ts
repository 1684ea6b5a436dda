// Every call of the protocol, over ports only: the same handlers run in the page's worker and in tests.
import { answerQuestions } from '../core/pipeline'
import { AppError } from '../core/errors'
import type { Clock } from '../core/ports'
import type { Answer, Question } from '../core/types'
import { createMeter } from '../jobs/progress'
import { TimedRetriever } from '../jobs/timed-retriever'
import { LibraryFiles, type LibraryFilesDeps } from './library-files'
import { LibraryHost } from './library-host'
import type { ModelFiles, ModelFilesDeps } from './model-files'
import { ModelHost } from './model-host'
import { OpenFile } from './open-file'
import type { AskParams, AskResult, DeviceView, LoadProgress, StorageView } from './protocol'
import { openBook, pipelineSettings, Runs, type RunsDeps } from './runs'
import type { Handlers } from './server'
import { VectorsHost, type LibraryOpener, type VectorsHostDeps } from './vectors-host'

export interface HandlerDeps extends ModelFilesDeps, LibraryFilesDeps, VectorsHostDeps, Omit<RunsDeps, 'models' | 'libraries'> {
  storage: { view(): Promise<StorageView>; clear(): Promise<void> }
  viewDevice(): Promise<DeviceView>
}

export function createHandlers(deps: HandlerDeps): Handlers {
  const models = new ModelHost(deps)
  // Readers of checkpoints are loaded when somebody brings one.
  let opened: Promise<ModelFiles> | undefined
  const modelFiles = (): Promise<ModelFiles> => (opened ??= import('./model-files').then((module) => new module.ModelFiles(deps, models)))
  const libraries = new LibraryHost(deps)
  const libraryFiles = new LibraryFiles(deps, libraries)
  const vectors = new VectorsHost(deps, libraries)
  const runs = new Runs({ ...deps, models, libraries: vectors })
  return {
    'models.list': (_, { signal }) => models.list(signal),
    'models.load': async (choice, { signal, emit }) => models.state(await models.load(signal, choice, emit)),
    'models.delete': async ({ modelId, precision }, { signal }) => {
      await models.delete(signal, modelId, precision)
      return null
    },
    'models.measure': (choice, { signal, emit }) => models.measure(signal, choice, emit),
    'models.inspect': async (source, { signal, emit }) => (await modelFiles()).inspect(signal, source, emit),
    'models.add': async (params, { signal, emit }) => (await modelFiles()).add(signal, params, emit),
    'models.letGo': async ({ address }) => {
      await (await modelFiles()).letGo(address)
      return null
    },
    'models.export': async ({ modelId }, { signal }) => (await modelFiles()).export(signal, modelId),
    'models.exportFolder': async (params, { signal, emit }) => (await modelFiles()).exportFolder(signal, params, emit),
    'models.rename': async ({ modelId, title }) => {
      await models.rename(modelId, title)
      return null
    },
    'models.remove': async ({ modelId }, { signal }) => {
      await models.remove(signal, modelId)
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
    'library.list': (_, { signal }) => libraries.list(signal),
    'library.load': async ({ id }, { signal, emit }) => {
      await libraries.open(signal, id, emit)
      return libraries.find(signal, id)
    },
    'library.search': async ({ id, words, count }, { signal, emit }) => {
      const library = await vectors.open(signal, id, emit)
      const startedAt = deps.clock.now()
      const hits = await library.search(signal, words, count)
      return { hits, seconds: (deps.clock.now() - startedAt) / 1000 }
    },
    'library.inspect': ({ files }) => libraryFiles.inspect(files),
    'library.add': (params, { signal, emit }) => libraryFiles.add(signal, params, emit),
    'library.hold': async ({ isHeld }) => {
      await Promise.resolve()
      libraryFiles.hold(isHeld)
      return null
    },
    'library.import': (params, { signal, emit }) => libraryFiles.import(signal, params, emit),
    'library.export': ({ id }, { signal }) => libraryFiles.export(signal, id),
    'library.rename': ({ id, title }, { signal }) => libraries.rename(signal, id, title),
    'library.delete': async ({ id }, { signal }) => {
      await vectors.delete(id)
      await libraries.delete(signal, id)
      return null
    },
    'embedder.list': () => vectors.embedders(),
    'embedder.add': ({ files }, { signal }) => vectors.addEmbedder(signal, files),
    'embedder.delete': async ({ id }) => {
      await vectors.deleteEmbedder(id)
      return null
    },
    'library.embed': (params, { signal, emit }) => vectors.embed(signal, params, emit),
    'vectors.view': ({ id }, { signal }) => vectors.view(signal, id),
    'vectors.switch': ({ id, isOn }, { signal }) => vectors.switch(signal, id, isOn),
    'vectors.delete': async ({ id }) => {
      await vectors.delete(id)
      return null
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
    ask: (params, { signal, emit }) => ask(signal, params, { models, libraries: vectors, clock: deps.clock }, emit),
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
  { models, libraries, clock }: { models: ModelHost; libraries: LibraryOpener; clock: Clock },
  emit: (progress: LoadProgress) => void,
): Promise<AskResult> {
  const options = params.options
    .map((text, i) => ({ letter: String.fromCharCode(65 + i), text }))
    .filter((option) => option.text.trim() !== '')
  if (params.prompt.trim() === '' || options.length < 2) throw new AppError('question_incomplete')
  const model = await models.load(signal, params.model, emit)
  const isNeeded = params.context === null || params.openBook.isAlsoWithContext
  const library = await openBook(signal, params.openBook, isNeeded, libraries, emit)
  const retriever = library && new TimedRetriever(library, clock)
  const question: Question = { row: 1, id: '1', prompt: params.prompt, options, context: params.context, answer: null }
  const startedAt = clock.now()
  const answers: Answer[] = []
  const deps = { encoder: model.encoder, scorer: model.scorer, retriever, clock }
  await models.use(model, () => answerQuestions(signal, [question], pipelineSettings(params), deps, (answer) => answers.push(answer)))
  const seconds = (clock.now() - startedAt) / 1000
  return {
    letters: options.map((o) => o.letter),
    answer: answers[0]!,
    seconds,
    retrievalSeconds: retriever?.seconds ?? 0,
    model: models.state(model),
  }
}
