// Libraries that open book reads: the embedded one, served beside the page, and those that the visitor made. One is kept open.
import { AppError } from '../core/errors'
import type { Clock, FileSource, LibraryRecord, LibraryStore } from '../core/ports'
import { SHARDED_FORMAT, type Codec, type Library, type LibraryManifest, type ShardedLibrary, type ShardedManifest } from '../core/retrieve'
import { openCachedFolder, storedOnly, type CachedFolder, type CacheDeps } from '../jobs/cached-folder'
import { openLibrary, readPack } from '../jobs/open-library'
import { forgetShards, openShardedLibrary, storedShardBytes } from '../jobs/open-sharded'
import { createMeter } from '../jobs/progress'
import type { LibraryEntry, LibraryList, LoadProgress } from './protocol'

export interface LibraryHostDeps {
  clock: Clock
  /** Ids of the libraries that are served with the page. */
  libraryIds: readonly string[]
  libraries: LibraryStore
  /** Where a served library lies; its store and the rest also keep the visitor's own. */
  libraryCache(id: string): CacheDeps
  inflate: Codec
}

export class LibraryHost {
  #open: { id: string; library: Library | ShardedLibrary } | null = null

  constructor(private readonly deps: LibraryHostDeps) {}

  /** Rejects with library_gone, library_missing, library_damaged, download_failed, aborted. */
  async open(signal: AbortSignal, id: string, onProgress: (progress: LoadProgress) => void): Promise<Library | ShardedLibrary> {
    if (this.#open?.id === id) return this.#open.library
    const meter = createMeter(this.deps.clock)
    const manifest = await this.#manifest(signal, id)
    if (isSharded(manifest)) {
      // Little is fetched now, the rest by each question.
      const library = await openShardedLibrary(signal, manifest, this.deps.libraryCache(id), this.deps.inflate)
      this.#open = { id, library }
      return library
    }
    const total = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
    const read = new Map<string, number>()
    const folder = this.#folder(id, manifest, ({ file, bytes, fetched }) => {
      read.set(file, bytes)
      const done = [...read.values()].reduce((sum, n) => sum + n, 0)
      onProgress({ phase: fetched > 0 ? 'fetching' : 'unpacking', subject: 'library', ...meter(done, total) })
    })
    const library = await openLibrary(signal, folder, this.deps.inflate)
    this.#open = { id, library }
    return library
  }

  /** A served library that cannot be read is listed with the reason, and the others as ever. */
  async list(signal: AbortSignal): Promise<LibraryList> {
    const unreadable: LibraryList['unreadable'] = []
    const served = await Promise.all(
      this.deps.libraryIds.map(async (id) => {
        try {
          return [await this.entry(id, await this.#manifest(signal, id), null)]
        } catch (error) {
          if (!(error instanceof AppError) || error.code === 'aborted') throw error
          unreadable.push({ id, refusal: { code: error.code, detail: error.detail } })
          return []
        }
      }),
    )
    const own = await Promise.all(
      (await this.deps.libraries.list()).map(({ id, manifest, createdAt }) => this.entry(id, manifest, createdAt)),
    )
    return { entries: [...served.flat(), ...own], unreadable }
  }

  async entry(id: string, manifest: LibraryManifest | ShardedManifest, createdAt: number | null): Promise<LibraryEntry> {
    const { title, licence, source, passages, textBytes } = manifest
    return {
      id,
      title,
      isEmbedded: createdAt === null,
      licence,
      source,
      passages,
      textBytes,
      bytes: isSharded(manifest) ? manifest.bytes : manifest.files.reduce((sum, file) => sum + file.bytes, 0),
      storedBytes: await this.#storedBytes(id, manifest),
      createdAt,
    }
  }

  async find(signal: AbortSignal, id: string): Promise<LibraryEntry> {
    return this.entry(id, await this.#manifest(signal, id), (await this.deps.libraries.get(id))?.createdAt ?? null)
  }

  async rename(signal: AbortSignal, id: string, title: string): Promise<LibraryEntry> {
    const record = await this.#own(id)
    await this.deps.libraries.put({ ...record, manifest: { ...record.manifest, title } })
    return this.find(signal, id)
  }

  /** Removes a library of the visitor's; of a served one, what is stored. */
  async delete(signal: AbortSignal, id: string): Promise<void> {
    if (this.#open?.id === id) this.#open = null
    const manifest = await this.#manifest(signal, id)
    await this.deps.libraries.delete(id)
    if (isSharded(manifest)) {
      await forgetShards(this.deps.libraryCache(id).store, manifest)
      return
    }
    const folder = this.#folder(id, manifest)
    // Two libraries of the same files share their chunks.
    const others = (await this.deps.libraries.list()).flatMap((record) => record.manifest.files.map((file) => file.sha256))
    for (const file of manifest.files) if (!others.includes(file.sha256)) await folder.forget(file.name)
  }

  /** The files of a library, for export. Rejects with library_in_shards where it is too big for that. */
  async folder(signal: AbortSignal, id: string): Promise<CachedFolder<LibraryManifest>> {
    const manifest = await this.#manifest(signal, id)
    if (isSharded(manifest)) throw new AppError('library_in_shards', { name: manifest.title })
    return this.#folder(id, manifest)
  }

  async #storedBytes(id: string, manifest: LibraryManifest | ShardedManifest): Promise<number> {
    if (isSharded(manifest)) return storedShardBytes(this.deps.libraryCache(id).store, manifest)
    const folder = this.#folder(id, manifest)
    const stored = await Promise.all(manifest.files.map((file) => folder.storedBytes(file.name)))
    return stored.reduce((sum, bytes) => sum + bytes, 0)
  }

  async #own(id: string): Promise<LibraryRecord> {
    const record = await this.deps.libraries.get(id)
    if (!record) throw new AppError('library_gone')
    return record
  }

  async #manifest(signal: AbortSignal, id: string): Promise<LibraryManifest | ShardedManifest> {
    if (this.deps.libraryIds.includes(id)) return readServedPack(signal, this.deps.libraryCache(id).source, id)
    return (await this.#own(id)).manifest
  }

  #folder(id: string, manifest: LibraryManifest, onRead?: Parameters<typeof openCachedFolder>[2]): CachedFolder<LibraryManifest> {
    const cache = this.deps.libraryCache(id)
    const isServed = this.deps.libraryIds.includes(id)
    const { title: name } = manifest
    const lost = (file: string): AppError => new AppError('library_damaged', { name, file, reason: 'a part of it is missing from storage' })
    return openCachedFolder(manifest, isServed ? cache : { ...cache, source: storedOnly(name, lost) }, onRead)
  }
}

function isSharded(manifest: LibraryManifest | ShardedManifest): manifest is ShardedManifest {
  return manifest.format === SHARDED_FORMAT
}

/** Rejects with library_missing where the folder of a name in libraries/registry.json is not there. */
async function readServedPack(signal: AbortSignal, source: FileSource, id: string): Promise<LibraryManifest | ShardedManifest> {
  try {
    return await readPack(signal, source, id)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'model_file_missing') throw error
    throw new AppError('library_missing', { name: id, place: source.place })
  }
}
