// Keeps one model loaded. Loads are serialised: a second request for the same choice waits and finds it there; another choice closes the
// former first, so that two models share the memory only while a run still uses the former.
import { AppError } from '../core/errors'
import { weightFile } from '../core/manifest'
import type { ModelRecord, ModelStore } from '../core/ports'
import type { Manifest, ModelInput, Precision } from '../core/types'
import { openCachedFolder, storedOnly, type CachedFolder, type CacheDeps } from '../jobs/cached-folder'
import { loadModel, raceDevices, readManifest, type Choice, type LoadedModel, type ModelDeps } from '../jobs/load-model'
import { measureSpeed } from '../jobs/measure-speed'
import { createMeter } from '../jobs/progress'
import type { LoadProgress, ModelEntry, ModelSpeed, ModelState } from './protocol'

export interface ModelHostDeps extends ModelDeps {
  /** Ids of the models that are served with the page. */
  modelIds: readonly string[]
  models: ModelStore
  /** Where a served model's folder lies; its store and the rest also keep the visitor's own. */
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
      isHalf: model.scorer.isHalf ?? false,
      workers: model.scorer.workers,
      reason: { code: model.reason.code, detail: { ...model.reason.detail } },
      speeds: model.speeds,
      weightBytes: model.weightBytes,
      isKept: this.deps.cache(model.choice.modelId).store.isPersistent && model.folder.refused === null,
      isIsolated: this.deps.isIsolated,
      loadSeconds: model.loadSeconds,
    }
  }

  /** The served ones first, then the visitor's own, oldest first. */
  async list(signal: AbortSignal): Promise<ModelEntry[]> {
    const served = await Promise.all(this.deps.modelIds.map(async (id) => this.#entry(id, await this.folder(signal, id), null)))
    return [...served, ...(await Promise.all((await this.deps.models.list()).map((record) => this.entry(record))))]
  }

  /** Of a model of the visitor's own. */
  entry({ id, manifest, createdAt }: ModelRecord): Promise<ModelEntry> {
    return this.#entry(id, this.#ownFolder(id, manifest), createdAt)
  }

  /** Forgets the weights of a served model. */
  async delete(signal: AbortSignal, modelId: string, precision: Precision): Promise<void> {
    const folder = await this.folder(signal, modelId)
    if (this.#loaded?.choice.modelId === modelId && this.#loaded.choice.precision === precision) await this.close()
    await folder.forget(weightFile(folder.manifest, precision).name)
  }

  async rename(modelId: string, title: string): Promise<void> {
    const record = await this.#own(modelId)
    await this.deps.models.put({ ...record, manifest: { ...record.manifest, title } })
  }

  /** Removes a model of the visitor's own and those of its files that no other model has. */
  async remove(signal: AbortSignal, modelId: string): Promise<void> {
    const record = await this.#own(modelId)
    if (this.#loaded?.choice.modelId === modelId) await this.close()
    await this.deps.models.delete(modelId)
    const folder = this.#ownFolder(modelId, record.manifest)
    for (const { name, sha256 } of record.manifest.files) if (!(await this.isInUse(signal, sha256))) await folder.forget(name)
  }

  /** A listed model has a file of this hash. */
  async isInUse(signal: AbortSignal, sha256: string): Promise<boolean> {
    const served = await Promise.all(this.deps.modelIds.map(async (id) => (await this.folder(signal, id)).manifest))
    const manifests = [...served, ...(await this.deps.models.list()).map(({ manifest }) => manifest)]
    return manifests.some(({ files }) => files.some((file) => file.sha256 === sha256))
  }

  /** How fast it answers on the device of the choice; it is loaded first. */
  async measure(signal: AbortSignal, choice: Choice, onProgress: (progress: LoadProgress) => void): Promise<ModelSpeed> {
    const model = await this.load(signal, choice, onProgress)
    const rate = await this.use(model, () => measureSpeed(signal, model, this.deps.clock))
    return { device: model.scorer.device, rate }
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
    const folder = await this.folder(signal, choice.modelId)
    this.#loaded = await loadModel(signal, folder, choice, this.deps)
    return this.#loaded
  }

  /** The files of a model. Throws model_gone and what readManifest throws. */
  async folder(signal: AbortSignal, modelId: string): Promise<CachedFolder<Manifest>> {
    if (!this.deps.modelIds.includes(modelId)) return this.#ownFolder(modelId, (await this.#own(modelId)).manifest)
    const cache = this.deps.cache(modelId)
    return this.#cached(await readManifest(signal, (s, name) => cache.source.readAll(s, name)), cache)
  }

  #ownFolder(modelId: string, manifest: Manifest): CachedFolder<Manifest> {
    return this.#cached(manifest, { ...this.deps.cache(modelId), source: storedOnly(manifest.title, lostWeights) })
  }

  #cached(manifest: Manifest, cache: CacheDeps): CachedFolder<Manifest> {
    let meter: ReturnType<typeof createMeter> | null = null
    return openCachedFolder(manifest, cache, ({ file, bytes, fetched, total }) => {
      if (!manifest.files.some((f) => f.name === file && f.precision !== undefined)) return
      meter ??= createMeter(this.deps.clock, bytes)
      const phase = bytes === total ? 'testing' : fetched > 0 ? 'fetching' : 'unpacking'
      this.#report({ phase, ...meter(bytes, total) })
    })
  }

  async #own(modelId: string): Promise<ModelRecord> {
    const record = await this.deps.models.get(modelId)
    if (!record) throw new AppError('model_gone')
    return record
  }

  async #entry(modelId: string, folder: CachedFolder<Manifest>, createdAt: number | null): Promise<ModelEntry> {
    const { manifest } = folder
    const files = manifest.files.filter((file) => file.precision !== undefined)
    const data = manifest.files.filter((file) => file.precision === undefined && !file.name.endsWith('.json'))
    // The files in which an .onnx file keeps its weights count as its weights.
    const isPlain = manifest.architecture === 'onnx'
    const precisions = await Promise.all(
      files.map(async (file) => {
        const all = isPlain ? [file, ...data] : [file]
        const stored = await Promise.all(all.map(({ name }) => folder.storedBytes(name)))
        const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
        return { precision: file.precision!, bytes: sum(all.map(({ bytes }) => bytes)), storedBytes: sum(stored) }
      }),
    )
    return { modelId, title: manifest.title, isEmbedded: createdAt === null, precisions, manifest, createdAt }
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

/** A chunk of a model of the visitor's own is gone, which exists nowhere else. */
export const lostWeights = (file: string): AppError =>
  new AppError('weights_damaged', { file, reason: 'a part of it is missing from storage' })
