// Keeps one model loaded. Loads are serialised: a second request for the same choice waits and finds it there; another choice closes the
// former first, so that two models share the memory only while a run still uses the former.
import { weightFile } from '../core/manifest'
import type { Manifest, ModelInput, Precision } from '../core/types'
import { openCachedFolder, type CachedFolder, type CacheDeps } from '../jobs/cached-folder'
import { loadModel, raceDevices, readManifest, type Choice, type LoadedModel, type ModelDeps } from '../jobs/load-model'
import { createMeter } from '../jobs/progress'
import type { LoadProgress, ModelEntry, ModelState } from './protocol'

export interface ModelHostDeps extends ModelDeps {
  modelIds: readonly string[]
  /** Where the model's folder is served and kept. */
  cache(modelId: string): CacheDeps
  isIsolated: boolean
}

export class ModelHost {
  #loaded: LoadedModel | null = null
  #queue: Promise<unknown> = Promise.resolve()
  /** How many runs and questions use a model just now. */
  #uses = new Map<LoadedModel, number>()
  #listeners = new Set<(progress: LoadProgress) => void>()

  constructor(private readonly deps: ModelHostDeps) {}

  /** Throws what loadModel throws. Progress is reported while this or an earlier request loads. */
  async load(signal: AbortSignal, choice: Choice, onProgress: (progress: LoadProgress) => void): Promise<LoadedModel> {
    this.#listeners.add(onProgress)
    try {
      const turn = this.#queue.then(() => this.#load(signal, choice))
      this.#queue = turn.catch(() => undefined)
      return await turn
    } finally {
      this.#listeners.delete(onProgress)
    }
  }

  /** Where `auto` runs a whole file; see raceDevices. */
  race(
    signal: AbortSignal,
    model: LoadedModel,
    inputs: readonly ModelInput[],
    total: number,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<void> {
    this.#listeners.add(onProgress)
    this.#report({ phase: 'testing', done: 0, total: 1, rate: 0, secondsLeft: null })
    return raceDevices(signal, model, inputs, total, this.deps).finally(() => this.#listeners.delete(onProgress))
  }

  state(model: LoadedModel): ModelState {
    return {
      modelId: model.choice.modelId,
      title: model.manifest.title,
      precision: model.choice.precision,
      arithmetic: model.choice.arithmetic,
      device: model.scorer.device,
      workers: model.scorer.workers,
      reason: { code: model.reason.code, detail: { ...model.reason.detail } },
      speeds: model.speeds,
      weightBytes: model.weightBytes,
      isKept: this.deps.cache(model.choice.modelId).store.isPersistent && model.folder.refused === null,
      isIsolated: this.deps.isIsolated,
      loadSeconds: model.loadSeconds,
    }
  }

  async list(signal: AbortSignal): Promise<ModelEntry[]> {
    return Promise.all(
      this.deps.modelIds.map(async (modelId) => {
        const folder = await this.#folder(signal, modelId)
        const files = folder.manifest.files.filter((file) => file.precision !== undefined)
        const precisions = await Promise.all(
          files.map(async (file) => ({ precision: file.precision!, bytes: file.bytes, storedBytes: await folder.storedBytes(file.name) })),
        )
        return { modelId, title: folder.manifest.title, isEmbedded: modelId === 'default', precisions, manifest: folder.manifest }
      }),
    )
  }

  async delete(signal: AbortSignal, modelId: string, precision: Precision): Promise<void> {
    const folder = await this.#folder(signal, modelId)
    if (this.#loaded?.choice.modelId === modelId && this.#loaded.choice.precision === precision) await this.close()
    await folder.forget(weightFile(folder.manifest, precision).name)
  }

  /** Runs `work` with the model kept open, whatever else is loaded meanwhile. */
  async use<T>(model: LoadedModel, work: () => Promise<T>): Promise<T> {
    this.#uses.set(model, (this.#uses.get(model) ?? 0) + 1)
    try {
      return await work()
    } finally {
      const left = (this.#uses.get(model) ?? 1) - 1
      if (left > 0) this.#uses.set(model, left)
      else {
        this.#uses.delete(model)
        if (model !== this.#loaded) await model.scorer.close()
      }
    }
  }

  async close(): Promise<void> {
    const model = this.#loaded
    this.#loaded = null
    if (model && !this.#uses.has(model)) await model.scorer.close()
  }

  async #load(signal: AbortSignal, choice: Choice): Promise<LoadedModel> {
    if (this.#loaded && isSame(this.#loaded.choice, choice)) return this.#loaded
    await this.close()
    this.#report({ phase: 'checking', done: 0, total: 1, rate: 0, secondsLeft: null })
    const folder = await this.#folder(signal, choice.modelId)
    this.#loaded = await loadModel(signal, folder, choice, this.deps)
    return this.#loaded
  }

  async #folder(signal: AbortSignal, modelId: string): Promise<CachedFolder<Manifest>> {
    const cache = this.deps.cache(modelId)
    const manifest = await readManifest(signal, (s, name) => cache.source.readAll(s, name))
    let meter: ReturnType<typeof createMeter> | null = null
    return openCachedFolder(manifest, cache, ({ file, bytes, fetched, total }) => {
      if (!manifest.files.some((f) => f.name === file && f.precision !== undefined)) return
      meter ??= createMeter(this.deps.clock, bytes)
      const phase = bytes === total ? 'testing' : fetched > 0 ? 'fetching' : 'unpacking'
      this.#report({ phase, ...meter(bytes, total) })
    })
  }

  #report(progress: LoadProgress): void {
    for (const listener of this.#listeners) listener(progress)
  }
}

function isSame(a: Choice, b: Choice): boolean {
  return (
    a.modelId === b.modelId &&
    a.precision === b.precision &&
    a.device === b.device &&
    a.arithmetic === b.arithmetic &&
    a.workers === b.workers
  )
}
