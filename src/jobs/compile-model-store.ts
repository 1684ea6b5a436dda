// Keeps a compiled model among the chunks of downloaded ones, under the same keys, so that cached-folder.ts reads it like any other. A file's key
// is its hash, which is known at its end only: until then its chunks wait under another name.
import { AppError } from '../core/errors'
import type { ChunkStore, ModelFolderWriter } from '../core/ports'
import type { ByteSource } from '../core/checkpoint'

const WAITING = 'compiling/'

/** Writes into the store; what an earlier, interrupted compilation left is deleted first. */
export function createStoreWriter(store: ChunkStore): ModelFolderWriter {
  const added: string[] = []
  const cleared = store.deletePrefix(WAITING)
  const keyOf = (file: string, index: number): string => `${WAITING}${file}/${index}/`
  return {
    async chunk(_signal, file, index, bytes) {
      await cleared
      await store.put(keyOf(file, index), bytes.slice())
    },
    async finish(_signal, file) {
      const prefix = `${file.sha256}/`
      if ((await store.keys(prefix)).length === 0) added.push(prefix)
      for (const index of file.chunkSha256.keys()) {
        const bytes = await store.get(keyOf(file.name, index))
        if (!bytes) throw new AppError('storage_refused', { what: file.name, reason: 'a part of it is gone' })
        await store.put(`${prefix}${index}`, bytes)
        await store.deletePrefix(keyOf(file.name, index))
      }
    },
    async discard() {
      await store.deletePrefix(WAITING)
      for (const prefix of added) await store.deletePrefix(prefix)
    },
  }
}

/** A dropped file. Reading throws file_unreadable. */
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
