// What the worker's classes need to keep the visitor's libraries in memory, for tests. The same stores given again are a reloaded page.
import { createClock } from '../../src/adapters/clock/clock'
import { deflateRaw, inflateRaw } from '../../src/adapters/compression/deflate'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore, createMemoryLibraryStore } from '../../src/adapters/memory/stores'
import { openDirectorySource } from '../../src/adapters/node/source'
import { openParquet } from '../../src/adapters/parquet/parquet'
import type { ChunkStore, LibraryStore } from '../../src/core/ports'
import type { CacheDeps } from '../../src/jobs/cached-folder'
import type { LibraryFilesDeps } from '../../src/worker/library-files'

export interface MemoryStores {
  chunks: ChunkStore
  libraries: LibraryStore
}
export const createMemoryStores = (): MemoryStores => ({ chunks: createMemoryChunkStore(), libraries: createMemoryLibraryStore() })

/** Nothing is served with the page. */
export function memoryLibraries({ chunks, libraries }: MemoryStores): LibraryFilesDeps {
  let now = 0
  return {
    clock: createClock(),
    wallClock: () => ++now,
    libraryIds: [],
    libraries,
    libraryCache: () => memoryCache(chunks, 'libraries/openstax'),
    inflate: inflateRaw,
    deflate: deflateRaw,
    openParquet,
  }
}

/** A folder of this repository through a store. */
export function memoryCache(store: ChunkStore, folder: string): CacheDeps {
  return { source: openDirectorySource(folder), store, sha256, exclusively: (_signal, _name, work) => work() }
}
