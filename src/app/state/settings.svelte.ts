// What a run is asked to do: model, device, precision, context, letters a row. Kept between visits; screens share it.
import { DEFAULT_OPEN_BOOK, type ModelChoice, type OpenBook, type RunSettings } from '../../worker/protocol'
import { readStored, writeStored } from './stored'

const DEFAULT_MODEL: ModelChoice = { modelId: 'default', precision: 'q8', device: 'auto', arithmetic: 'float', workers: 0 }
const DEFAULTS: RunSettings = { model: DEFAULT_MODEL, topK: 3, contextWords: 95, openBook: DEFAULT_OPEN_BOOK }

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

export class Settings {
  #run = $state.raw<RunSettings>(readSettings())

  get run(): RunSettings {
    return this.#run
  }
  get model(): ModelChoice {
    return this.#run.model
  }
  changeModel(change: Partial<ModelChoice>): void {
    this.change({ model: { ...this.#run.model, ...change } })
  }
  changeOpenBook(change: Partial<OpenBook>): void {
    this.change({ openBook: { ...this.#run.openBook, ...change } })
  }
  change(change: Partial<RunSettings>): void {
    this.#run = { ...this.#run, ...change }
    writeStored('settings', this.#run)
  }
}

/** Stored settings, with defaults for whatever a former version did not have. */
function readSettings(): RunSettings {
  const stored = readStored('settings', isRecord)
  if (stored === null) return DEFAULTS
  const model = isRecord(stored.model) ? (stored.model as Partial<ModelChoice>) : {}
  const openBook = isRecord(stored.openBook) ? (stored.openBook as Partial<OpenBook>) : {}
  return {
    ...DEFAULTS,
    ...(typeof stored.topK === 'number' ? { topK: stored.topK } : {}),
    ...(typeof stored.contextWords === 'number' ? { contextWords: stored.contextWords } : {}),
    model: { ...DEFAULT_MODEL, ...model },
    openBook: { ...DEFAULTS.openBook, ...openBook },
  }
}
