// Embedders that are kept between visits: their files as verified chunks like those of a model, and a manifest under embedders/, written last.
import { AppError, throwIfAborted } from '../core/errors'
import type { ChunkStore, FileSource, Sha256 } from '../core/ports'
import { readWhole } from '../core/read-whole'
import { EMBEDDER_FORMAT, parseEmbedderManifest, toJsonBytes, type EmbedderManifest } from '../core/retrieve'
import type { ModelFile } from '../core/types'
import { alone, openCachedFolder, storedOnly, type CachedFolder } from './cached-folder'
import { CHUNK_BYTES, inChunks } from './chunks'

const MANIFESTS = 'embedders/'

export type EmbedderAbout = Pick<EmbedderManifest, 'title' | 'dimensions' | 'settings'>

export class EmbedderStore {
  constructor(
    private readonly store: ChunkStore,
    private readonly sha256: Sha256,
  ) {}

  /** By title. */
  async list(): Promise<EmbedderManifest[]> {
    const keys = await this.store.keys(MANIFESTS)
    const found = await Promise.all(keys.map((key) => this.get(key.slice(MANIFESTS.length))))
    return found.filter((manifest) => manifest !== undefined).sort((a, b) => (a.title < b.title ? -1 : 1))
  }
  async get(id: string): Promise<EmbedderManifest | undefined> {
    const bytes = await this.store.get(MANIFESTS + id)
    return bytes && parseEmbedderManifest(bytes)
  }

  /** Keeps the files of a folder, 4 MiB at a time. Rejects with storage_refused, file_unreadable, aborted. */
  async add(signal: AbortSignal, source: FileSource, about: EmbedderAbout): Promise<EmbedderManifest> {
    const manifest = await describeEmbedder(signal, source, about, this.sha256)
    for (const { name, sha256 } of manifest.files) {
      let number = 0
      for await (const chunk of inChunks(source.readFrom(signal, name, 0))) {
        throwIfAborted(signal)
        await this.store.put(`${sha256}/${number++}`, chunk)
      }
    }
    await this.store.put(MANIFESTS + manifest.id, toJsonBytes(manifest))
    return manifest
  }

  /** The files of a kept embedder, as a folder. Reading rejects with embedder_failed where one is lost or damaged. */
  source(manifest: EmbedderManifest): FileSource {
    const folder = this.#folder(manifest)
    const { title: place } = manifest
    return {
      place,
      readAll: (signal, name) => readWhole(signal, folder.file(name)),
      async *readFrom(signal, name, offset) {
        yield (await readWhole(signal, folder.file(name))).subarray(offset)
      },
    }
  }

  async delete(id: string): Promise<void> {
    const manifest = await this.get(id)
    if (!manifest) return
    await this.store.deletePrefix(MANIFESTS + id)
    // Two embedders may share a file, such as the tokenizer.
    const shared = (await this.list()).flatMap((other) => other.files.map((file) => file.sha256))
    const folder = this.#folder(manifest)
    for (const file of manifest.files) if (!shared.includes(file.sha256)) await folder.forget(file.name)
  }

  #folder(manifest: EmbedderManifest): CachedFolder<EmbedderManifest> {
    const { store, sha256 } = this
    const { title: place } = manifest
    const lost = (file: string): AppError => new AppError('embedder_failed', { place, reason: `a part of ${file} is no longer stored` })
    return openCachedFolder(manifest, { source: storedOnly(place, lost), store, sha256, exclusively: alone })
  }
}

/**
 * The manifest of a folder's embedder; its id follows from its files and how it is run. A file's hash is the hash of its chunks' hashes, so
 * that the file is never in memory as a whole. Rejects with file_unreadable, aborted.
 */
export async function describeEmbedder(
  signal: AbortSignal,
  source: FileSource,
  { title, dimensions, settings }: EmbedderAbout,
  sha256: Sha256,
): Promise<EmbedderManifest> {
  const files: ModelFile[] = []
  for (const name of settings.files) {
    const chunkSha256: string[] = []
    let bytes = 0
    for await (const chunk of inChunks(source.readFrom(signal, name, 0))) {
      throwIfAborted(signal)
      bytes += chunk.length
      chunkSha256.push(await sha256(chunk))
    }
    files.push({ name, bytes, sha256: await sha256(toJsonBytes(chunkSha256)), chunkBytes: CHUNK_BYTES, chunkSha256 })
  }
  const id = (await sha256(toJsonBytes([settings.pooling, settings.maxTokens, ...files.map((file) => file.sha256)]))).slice(0, 16)
  return { format: EMBEDDER_FORMAT, id, title, dimensions, settings, files }
}
