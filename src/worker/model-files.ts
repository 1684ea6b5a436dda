// The visitor's own models: looked at, compiled, taken in and given out. What was made is kept under the hashes of its files, its record last, so
// that a model is there whole or not at all.
import type { ByteSource } from '../core/checkpoint'
import { AppError } from '../core/errors'
import type { Clock, ModelFolderWriter, ModelRecord, Progress, RemoteFolder, Scorer } from '../core/ports'
import { readWhole } from '../core/read-whole'
import type { Manifest, SelfTest } from '../core/types'
import { openCachedFolder, storedOnly } from '../jobs/cached-folder'
import { compileCheckpoint } from '../jobs/compile-model'
import { blobSource, createStoreWriter, type StoreWriter } from '../jobs/compile-model-store'
import { describeConfig, inspectModel } from '../jobs/inspect-model'
import { makeSelfTest, type ReferenceRequest } from '../jobs/make-self-test'
import { importModel, listModel, openModelFolder, packModel, unpackModel, writeModel, type ModelFolder } from '../jobs/own-model'
import { createMeter } from '../jobs/progress'
import { forgetRemote, openRemoteCheckpoint, type RemoteCheckpoint } from '../jobs/remote-checkpoint'
import { folderName } from './blob-folder'
import { lostWeights, type ModelHost, type ModelHostDeps } from './model-host'
import {
  MOST_TESTED_ONNX_BYTES,
  NAMELESS,
  type ModelEntry,
  type ModelParams,
  type ModelProgress,
  type ModelSource,
  type ModelView,
} from './protocol'

export interface ModelFilesDeps extends ModelHostDeps {
  clock: Clock
  /** Milliseconds since 1970. */
  wallClock(): number
  openRemote(base: string): RemoteFolder
  /** Makes a folder in a directory that the visitor picked; its name may get a number. Rejects with file_unwritable. */
  openDirectory(directory: FileSystemDirectoryHandle, name: string): Promise<{ name: string; writer: ModelFolderWriter }>
  /** The graph on a CPU runtime, by which the self-test is made; one that came as a file is opened whole. */
  openReference(signal: AbortSignal, request: ReferenceRequest): Promise<Scorer>
}
interface Opened {
  place: string
  title: string
  sources: readonly ByteSource[]
}
type Emit = (progress: ModelProgress) => void

const READING: ModelProgress = { phase: 'reading', done: 0, total: 0, rate: 0, secondsLeft: null }

export class ModelFiles {
  /** What was fetched last, until it is compiled or let go. */
  #fetched: { address: string; checkpoint: RemoteCheckpoint } | null = null

  constructor(
    private readonly deps: ModelFilesDeps,
    private readonly host: ModelHost,
  ) {}

  async inspect(signal: AbortSignal, source: ModelSource, emit: Emit): Promise<ModelView> {
    const { place, title, sources } = await this.#open(signal, source, emit)
    const folder = await openModelFolder(place, sources)
    if (folder) return viewFolder(folder)
    const summary = await inspectModel(place, sources)
    return { ...summary, title: title || summary.title || summary.architecture }
  }

  /** Rejects with model_not_stored, aborted, and what inspecting gives. */
  async add(signal: AbortSignal, params: ModelParams, emit: Emit): Promise<ModelEntry> {
    emit(READING)
    const opened = await this.#open(signal, params.source, emit)
    const title = params.title.trim() || opened.title || opened.place
    const { exclusively } = this.deps.cache('')
    const record = await exclusively(signal, 'own-models', () => this.#make(signal, opened, { ...params, title }, emit))
    if ('address' in params.source) await this.letGo(params.source.address)
    return this.host.entry(record)
  }

  async letGo(address: string): Promise<void> {
    if (this.#fetched?.address === address) this.#fetched = null
    await forgetRemote(address, this.deps.cache(''))
  }

  /** Rejects with model_gone, weights_damaged, aborted. The file lies in the browser's blob storage, a chunk of it at a time in memory. */
  async export(signal: AbortSignal, modelId: string): Promise<Blob> {
    const folder = await this.host.folder(signal, modelId)
    const pieces: Blob[] = []
    for await (const piece of packModel(signal, slug(folder.manifest.title), folder))
      pieces.push(new Blob([piece as Uint8Array<ArrayBuffer>]))
    return new Blob(pieces, { type: 'application/x-tar' })
  }

  /** Rejects with model_gone, weights_damaged, file_unwritable, aborted. */
  async exportFolder(
    signal: AbortSignal,
    { modelId, directory }: { modelId: string; directory: FileSystemDirectoryHandle },
    emit: (progress: Progress) => void,
  ): Promise<{ folder: string }> {
    const folder = await this.host.folder(signal, modelId)
    const { name, writer } = await this.deps.openDirectory(directory, slug(folder.manifest.title))
    const meter = createMeter(this.deps.clock)
    await writeModel(signal, folder, { writer, sha256: this.deps.cache('').sha256 }, (done, total) => {
      emit(meter(done, total))
    })
    return { folder: name }
  }

  async #open(signal: AbortSignal, source: ModelSource, emit: Emit): Promise<Opened> {
    if ('address' in source) {
      const { place, name, sources } = await this.#fetch(signal, source.address, emit)
      return { place, title: name, sources }
    }
    const names = source.files.map(({ name }) => name)
    const sources = source.files.map(({ name, blob }) => blobSource(name, blob))
    const [only] = sources
    if (only && sources.length === 1 && /\.tar$/i.test(only.name))
      return { place: only.name, title: only.name.replace(/\.tar$/i, ''), sources: await unpackModel(only) }
    const title = folderName(names) || commonFolder(names)
    return { place: title || NAMELESS, title, sources }
  }

  async #fetch(signal: AbortSignal, address: string, emit: Emit): Promise<RemoteCheckpoint> {
    if (this.#fetched?.address === address) return this.#fetched.checkpoint
    const { clock } = this.deps
    const deps = { ...this.deps.cache(''), clock, open: (base: string) => this.deps.openRemote(base) }
    const checkpoint = await openRemoteCheckpoint(signal, address, deps, (progress) => {
      emit({ ...progress, phase: 'fetching' })
    })
    this.#fetched = { address, checkpoint }
    return checkpoint
  }

  async #make(signal: AbortSignal, opened: Opened, params: ModelParams, emit: Emit): Promise<ModelRecord> {
    const { store, sha256 } = this.deps.cache('')
    const writer = createStoreWriter(store, (hash) => this.host.isInUse(signal, hash))
    const folder = await openModelFolder(opened.place, opened.sources)
    try {
      const manifest = folder
        ? await this.#takeIn(signal, folder, params.title, writer, emit)
        : await this.#compile(signal, opened, params, writer, emit)
      try {
        const record = await listModel(manifest, this.deps.wallClock(), this.deps.models, sha256)
        await writer.settle()
        return record
      } catch (error) {
        await writer.discard()
        throw error
      }
    } catch (error) {
      throw await this.#withSize(error, opened, params, folder)
    }
  }

  async #takeIn(signal: AbortSignal, folder: ModelFolder, title: string, writer: StoreWriter, emit: Emit): Promise<Manifest> {
    const meter = createMeter(this.deps.clock)
    await importModel(signal, folder, { writer, sha256: this.deps.cache('').sha256 }, (done, total) => {
      emit({ phase: 'writing', ...meter(done, total) })
    })
    return { ...folder.manifest, title }
  }

  async #compile(
    signal: AbortSignal,
    { place, sources }: Opened,
    { title, precision, maxTokens }: ModelParams,
    writer: StoreWriter,
    emit: Emit,
  ): Promise<Manifest> {
    const embedded = await this.host.folder(signal, this.deps.modelIds[0]!)
    const deps = {
      writer,
      sha256: this.deps.cache('').sha256,
      clock: this.deps.clock,
      stems: await readWhole(signal, embedded.file('stems.json')),
      selfTest: (s: AbortSignal, draft: Manifest) => {
        emit({ phase: 'testing', done: 0, total: 0, rate: 0, secondsLeft: null })
        return this.#selfTest(s, draft, emit)
      },
    }
    return compileCheckpoint(signal, place, sources, { id: slug(title), title, precision, maxTokens }, deps, (progress: Progress) => {
      emit({ phase: 'writing', ...progress })
    })
  }

  async #selfTest(signal: AbortSignal, manifest: Manifest, emit: Emit): Promise<SelfTest | null> {
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
    if (manifest.architecture === 'onnx' && bytes > MOST_TESTED_ONNX_BYTES) return null
    const folder = openCachedFolder(manifest, { ...this.deps.cache(''), source: storedOnly(manifest.title, lostWeights) })
    const meter = createMeter(this.deps.clock)
    const open = (s: AbortSignal, request: ReferenceRequest): Promise<Scorer> => this.deps.openReference(s, request)
    return makeSelfTest(signal, folder, open, (done, total) => {
      emit({ phase: 'testing', ...meter(done, total) })
    })
  }

  /** A full store is told with what the model needs. */
  async #withSize(error: unknown, { place, sources }: Opened, params: ModelParams, folder: ModelFolder | null): Promise<unknown> {
    if (!(error instanceof AppError) || error.code !== 'storage_refused') return error
    const sizes = folder ? viewFolder(folder).sizes : (await inspectModel(place, sources)).sizes
    const bytes = folder
      ? sizes.reduce((sum, size) => sum + size.bytes, 0)
      : (sizes.find(({ precision }) => precision === params.precision) ?? sizes[0]!).bytes
    const reason = error.detail['reason'] ?? error.code
    return new AppError('model_not_stored', { name: params.title, megabytes: (bytes / 1e6).toFixed(1), reason })
  }
}

function viewFolder({ manifest }: ModelFolder): ModelView {
  const { title, architecture, layout, licence, config } = manifest
  const sizes = manifest.files.flatMap(({ precision, bytes }) => (precision === undefined ? [] : [{ precision, bytes }]))
  const usual = manifest.layout === 'pairs' ? manifest.maxTokens.pair : manifest.maxTokens.prefix + manifest.maxTokens.choice
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
  const known = { title, architecture, layout, sizes, bytes, ...describeConfig(config) }
  return { ...known, kind: 'folder', isPairScorer: false, licence: licence === 'unknown' ? null : licence, tokens: { usual, most: usual } }
}

/** The folder that all files lie in; '' where they lie in none. */
function commonFolder(names: readonly string[]): string {
  const folders = names.map((name) => (name.includes('/') ? name.slice(0, name.indexOf('/')) : ''))
  return folders.every((folder) => folder === folders[0]) ? (folders[0] ?? '') : ''
}

/** "My BERT, 2024" -> "My-BERT-2024": a name for folders, in letters that every archive keeps. */
function slug(title: string): string {
  const plain = title.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '')
  return plain.slice(0, 40) || 'model'
}
