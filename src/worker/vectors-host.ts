// Vectors beside the words: the embedders that the visitor brought, the vectors they made of libraries, and libraries opened with both. One
// embedder is kept open.
import { AppError } from '../core/errors'
import type { Clock, Embedder, FileSource, Progress, Retriever } from '../core/ports'
import {
  HybridLibrary,
  Library,
  PASSAGE_FILE,
  type EmbedderManifest,
  type EmbedderSettings,
  type LibraryManifest,
  type VectorsManifest,
} from '../core/retrieve'
import type { PassageHit } from '../core/types'
import type { CacheDeps } from '../jobs/cached-folder'
import { embedLibrary } from '../jobs/embed-library'
import { readEmbedderSettings } from '../jobs/embedder-folder'
import { EmbedderStore } from '../jobs/embedder-store'
import { VectorStore } from '../jobs/vector-store'
import { folderName, openBlobFolder } from './blob-folder'
import type { LibraryHost } from './library-host'
import type { EmbedderEntry, EmbedParams, LoadProgress, VectorsView } from './protocol'

export interface VectorsHostDeps {
  clock: Clock
  /** Its store keeps embedders and vectors too. */
  libraryCache(id: string): CacheDeps
  openEmbedder(signal: AbortSignal, request: { source: FileSource; settings: EmbedderSettings }): Promise<Embedder>
}
/** A library as it answers questions and searches. */
export interface SearchedLibrary extends Retriever {
  search(signal: AbortSignal, words: string, count: number): Promise<PassageHit[]>
}
export interface LibraryOpener {
  open(signal: AbortSignal, id: string, onProgress: (progress: LoadProgress) => void): Promise<SearchedLibrary>
}

export class VectorsHost implements LibraryOpener {
  #open: { id: string; embedder: Embedder } | null = null
  /** Libraries that are being embedded. */
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<unknown> }>()

  constructor(
    private readonly deps: VectorsHostDeps,
    private readonly libraries: LibraryHost,
  ) {}

  /** The library; where its vectors are finished and switched on, searched by both. Rejects with embedder_unknown besides what opening gives. */
  async open(signal: AbortSignal, id: string, onProgress: (progress: LoadProgress) => void): Promise<SearchedLibrary> {
    const library = await this.libraries.open(signal, id, onProgress)
    if (!(library instanceof Library)) return library
    const store = this.#vectors(id)
    const manifest = await store.manifest()
    if (!manifest?.isOn || isStale(manifest, library.manifest) || (await store.countRows(manifest)) < manifest.passages) return library
    const { embedder } = await this.#embedder(signal, manifest.embedderId)
    return new HybridLibrary({ library, vectors: store.blocks(manifest), embedder, queryPrefix: manifest.queryPrefix })
  }

  async embedders(): Promise<EmbedderEntry[]> {
    return (await this.#embedders().list()).map(toEntry)
  }

  /** Rejects with embedder_file_missing, embedder_unsupported, embedder_failed, storage_refused. */
  async addEmbedder(signal: AbortSignal, files: readonly { name: string; blob: Blob }[]): Promise<EmbedderEntry> {
    const title = folderName(files.map((file) => file.name)) || 'embedder'
    const source = openBlobFolder(title, files)
    const settings = await readEmbedderSettings(signal, source)
    const embedder = await this.deps.openEmbedder(signal, { source, settings })
    try {
      const manifest = await this.#embedders().add(signal, source, { title, dimensions: embedder.dimensions, settings })
      await this.#close()
      this.#open = { id: manifest.id, embedder }
      return toEntry(manifest)
    } catch (error) {
      await embedder.close()
      throw error
    }
  }

  /** Vectors that it made stay, and are not searched until it is there again or they are switched off. */
  async deleteEmbedder(id: string): Promise<void> {
    if (this.#open?.id === id) await this.#close()
    await this.#embedders().delete(id)
  }

  /** null where the library has no vectors. */
  async view(signal: AbortSignal, id: string): Promise<VectorsView | null> {
    const store = this.#vectors(id)
    const manifest = await store.manifest()
    if (!manifest) return null
    const done = await store.countRows(manifest)
    const { embedderId, embedderTitle, dimensions, passages, queryPrefix, passagePrefix, isOn } = manifest
    const { manifest: pack } = await this.libraries.folder(signal, id)
    return {
      embedderId,
      embedderTitle,
      dimensions,
      done,
      total: passages,
      bytes: done * (dimensions + 4),
      isOn,
      isStale: isStale(manifest, pack),
      queryPrefix,
      passagePrefix,
    }
  }

  /** Aborting pauses; the same call goes on. Rejects with vectors_in_shards, embedder_unknown, embedder_failed, storage_refused, aborted. */
  async embed(signal: AbortSignal, params: EmbedParams, onProgress: (progress: Progress) => void): Promise<VectorsView> {
    const { id, embedderId, queryPrefix, passagePrefix } = params
    const abort = new AbortController()
    signal.addEventListener('abort', () => {
      abort.abort()
    })
    if (signal.aborted) abort.abort()
    const work = async (): Promise<void> => {
      const library = await this.libraries.open(abort.signal, id, () => undefined)
      if (!(library instanceof Library)) throw new AppError('vectors_in_shards', { name: library.manifest.title })
      const { manifest: pack } = library
      const { embedder, manifest } = await this.#embedder(abort.signal, embedderId)
      const { title: embedderTitle, dimensions } = manifest
      const { passages } = pack
      const made = { embedderId, embedderTitle, dimensions, queryPrefix, passagePrefix, passages, passagesSha256: passagesSha256(pack) }
      const read = async (number: number): Promise<string> => (await library.passage(number)).text
      await embedLibrary(abort.signal, { made, read }, { embedder, store: this.#vectors(id), clock: this.deps.clock }, onProgress)
    }
    const stopped = this.#stop(id)
    const ended = stopped.then(() => this.deps.libraryCache(id).exclusively(abort.signal, `vectors/${id}`, work))
    this.#running.set(id, { abort, ended })
    try {
      await ended
    } finally {
      if (this.#running.get(id)?.ended === ended) this.#running.delete(id)
    }
    return (await this.view(signal, id))!
  }

  async switch(signal: AbortSignal, id: string, isOn: boolean): Promise<VectorsView | null> {
    const store = this.#vectors(id)
    const manifest = await store.manifest()
    if (manifest) await store.writeManifest({ ...manifest, isOn })
    return this.view(signal, id)
  }

  /** Also ends the embedding, where it is under way. */
  async delete(id: string): Promise<void> {
    await this.#stop(id)
    await this.#vectors(id).delete()
  }

  async #stop(id: string): Promise<void> {
    const running = this.#running.get(id)
    running?.abort.abort()
    await running?.ended.catch(() => undefined)
  }
  async #close(): Promise<void> {
    const open = this.#open
    this.#open = null
    await open?.embedder.close()
  }
  async #embedder(signal: AbortSignal, id: string): Promise<{ embedder: Embedder; manifest: EmbedderManifest }> {
    const store = this.#embedders()
    const manifest = await store.get(id)
    if (!manifest) throw new AppError('embedder_unknown')
    if (this.#open?.id !== id) {
      await this.#close()
      this.#open = { id, embedder: await this.deps.openEmbedder(signal, { source: store.source(manifest), settings: manifest.settings }) }
    }
    return { embedder: this.#open.embedder, manifest }
  }
  #embedders(): EmbedderStore {
    const { store, sha256 } = this.deps.libraryCache('')
    return new EmbedderStore(store, sha256)
  }
  #vectors(id: string): VectorStore {
    return new VectorStore(this.deps.libraryCache(id).store, `vectors/${id}`, id)
  }
}

/** The vectors are of the library's passages, whose file this names. */
function passagesSha256(pack: LibraryManifest): string {
  return pack.files.find((file) => file.name === PASSAGE_FILE)?.sha256 ?? ''
}
function isStale(manifest: VectorsManifest, pack: LibraryManifest): boolean {
  return manifest.passagesSha256 !== passagesSha256(pack)
}
function toEntry({ id, title, dimensions, settings, files }: EmbedderManifest): EmbedderEntry {
  const { pooling, maxTokens, queryPrefix, passagePrefix } = settings
  return { id, title, dimensions, bytes: files.reduce((sum, file) => sum + file.bytes, 0), pooling, maxTokens, queryPrefix, passagePrefix }
}
