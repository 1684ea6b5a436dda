// Opens a library folder, wherever it is served or kept: pack.json, then index and passages through the cache, chunk by verified chunk.
import {
  INDEX_FILE,
  Library,
  parseLibraryManifest,
  parseShardedManifest,
  PASSAGE_FILE,
  SHARDED_FORMAT,
  type Codec,
  type LibraryManifest,
  type ShardedManifest,
} from '../core/retrieve'
import { AppError } from '../core/errors'
import type { FileSource } from '../core/ports'
import { readWhole } from '../core/read-whole'
import type { CachedFolder } from './cached-folder'

/** A library that is fetched whole, or one in shards (open-sharded.ts). Throws library_damaged, model_file_missing, download_failed. `name`: what people call it. */
export async function readPack(signal: AbortSignal, source: FileSource, name: string): Promise<LibraryManifest | ShardedManifest> {
  const bytes = await source.readAll(signal, 'pack.json')
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new AppError('library_damaged', { name, file: 'pack.json', reason: 'it is not JSON' })
  }
  const isSharded = typeof json === 'object' && json !== null && 'format' in json && json.format === SHARDED_FORMAT
  return isSharded ? parseShardedManifest(json, name) : parseLibraryManifest(json, name)
}

export async function openLibrary(signal: AbortSignal, folder: CachedFolder<LibraryManifest>, inflate: Codec): Promise<Library> {
  const [index, passages] = [await readFile(signal, folder, INDEX_FILE), await readFile(signal, folder, PASSAGE_FILE)]
  return new Library(folder.manifest, { index, passages }, inflate)
}

async function readFile(signal: AbortSignal, folder: CachedFolder<LibraryManifest>, file: string): Promise<Uint8Array> {
  try {
    return await readWhole(signal, folder.file(file))
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'download_changed') throw error
    const reason = `chunk ${error.detail['chunk'] ?? '?'} is not what pack.json says`
    throw new AppError('library_damaged', { name: folder.manifest.title, file, reason })
  }
}
