// Keeps a finished library: its files in chunks of 4 MiB under their hashes, the record last, so that a library is there whole or not at
// all. A library is known by its contents: indexed or imported again it is the same one, and a run that read it can be resumed. What was stored of one that does not get there is deleted again, unless another library has the same file.
import { AppError, throwIfAborted } from '../core/errors'
import type { ChunkStore, LibraryRecord, LibraryStore, Sha256 } from '../core/ports'
import { INDEX_FILE, PASSAGE_FILE, type LibraryManifest } from '../core/retrieve'
import { CHUNK_BYTES, describeFile } from './chunks'

const ID_CHARACTERS = 32

export interface StoringDeps {
  store: ChunkStore
  libraries: LibraryStore
  sha256: Sha256
}
export interface LibraryFiles {
  index: Uint8Array<ArrayBuffer>
  passages: Uint8Array<ArrayBuffer>
}

/** Rejects with library_not_stored, aborted. */
export async function storeLibrary(
  signal: AbortSignal,
  record: { createdAt: number; manifest: Omit<LibraryManifest, 'files'> },
  { index, passages }: LibraryFiles,
  { store, libraries, sha256 }: StoringDeps,
): Promise<LibraryRecord> {
  const files = [await describeFile(INDEX_FILE, index, sha256), await describeFile(PASSAGE_FILE, passages, sha256)]
  const id = files[1]!.sha256.slice(0, ID_CHARACTERS)
  const whole: LibraryRecord = { id, createdAt: record.createdAt, manifest: { ...record.manifest, files } }
  const isStoredBefore = await Promise.all(files.map(async ({ sha256: hash }) => (await store.keys(`${hash}/`)).length > 0))
  try {
    for (const [file, bytes] of [[files[0]!, index] as const, [files[1]!, passages] as const])
      for (const chunk of file.chunkSha256.keys()) {
        throwIfAborted(signal)
        await store.put(`${file.sha256}/${chunk}`, bytes.slice(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES))
      }
    throwIfAborted(signal)
    await libraries.put(whole)
  } catch (error) {
    for (const [i, file] of files.entries()) if (!isStoredBefore[i]) await store.deletePrefix(`${file.sha256}/`)
    if (!(error instanceof AppError) || error.code !== 'storage_refused') throw error
    const megabytes = ((index.length + passages.length) / 1e6).toFixed(1)
    throw new AppError('library_not_stored', { name: record.manifest.title, megabytes, reason: error.detail['reason'] ?? error.code })
  }
  return whole
}
