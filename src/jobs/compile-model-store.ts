// Keeps a model of the visitor's own among the chunks of downloaded ones, under the same keys, so that cached-folder.ts reads it like any other. A
// file's key is its hash, which is known at its end only: until then its chunks wait under another name. A page that is closed half-way leaves
// both behind; what was written is marked until its model is listed, and the next writer clears what nobody came to list.
import { AppError } from '../core/errors'
import type { ChunkStore, ModelFolderWriter } from '../core/ports'
import type { ByteSource } from '../core/checkpoint'

const WAITING = 'compiling/'
const UNLISTED = 'unlisted/'

export interface StoreWriter extends ModelFolderWriter {
  /** The model is listed: what was written stays. */
  settle(): Promise<void>
}

/** `isInUse(sha256)`: a listed model has this file. One writer at a time: see Exclusively. */
export function createStoreWriter(
  store: ChunkStore,
  isInUse: (sha256: string) => Promise<boolean> = () => Promise.resolve(false),
): StoreWriter {
  const added: string[] = []
  const cleared = clear(store, isInUse)
  cleared.catch(() => undefined) // the first chunk says so
  const keyOf = (file: string, index: number): string => `${WAITING}${file}/${index}/`
  return {
    async chunk(_signal, file, index, bytes) {
      await cleared
      await store.put(keyOf(file, index), bytes.slice())
    },
    async finish(_signal, file) {
      const prefix = `${file.sha256}/`
      if ((await store.keys(prefix)).length === 0) {
        await store.put(`${UNLISTED}${file.sha256}`, new Uint8Array(0))
        added.push(file.sha256)
      }
      for (const index of file.chunkSha256.keys()) {
        const bytes = await store.get(keyOf(file.name, index))
        if (!bytes) throw new AppError('storage_refused', { what: file.name, reason: 'a part of it is gone' })
        await store.put(`${prefix}${index}`, bytes)
        await store.deletePrefix(keyOf(file.name, index))
      }
    },
    async discard() {
      await store.deletePrefix(WAITING)
      for (const sha256 of added) {
        await store.deletePrefix(`${sha256}/`)
        await store.deletePrefix(`${UNLISTED}${sha256}`)
      }
    },
    settle: () => store.deletePrefix(UNLISTED),
  }
}

/** Deletes what an earlier, interrupted writer left. */
async function clear(store: ChunkStore, isInUse: (sha256: string) => Promise<boolean>): Promise<void> {
  await store.deletePrefix(WAITING)
  for (const key of await store.keys(UNLISTED)) {
    const sha256 = key.slice(UNLISTED.length)
    if (!(await isInUse(sha256))) await store.deletePrefix(`${sha256}/`)
  }
  await store.deletePrefix(UNLISTED)
}

/** A dropped file, or a part of one. Reading throws file_unreadable. */
export function blobSource(name: string, blob: Blob): ByteSource {
  return {
    name,
    bytes: blob.size,
    async read(offset, length) {
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
      } catch (error) {
        throw new AppError('file_unreadable', { file: name, reason: error instanceof Error ? error.message : String(error) })
      }
    },
  }
}
