import 'fake-indexeddb/auto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../src/adapters/indexeddb/database'
import { createChunkStore, createLibraryStore, createModelStore, createRunStore } from '../../src/adapters/indexeddb/stores'
import {
  createMemoryChunkStore,
  createMemoryLibraryStore,
  createMemoryModelStore,
  createMemoryRunStore,
} from '../../src/adapters/memory/stores'
import { createFolderChunkStore } from '../../src/adapters/node/chunk-store'
import { chunkStoreCases } from './chunk-store'
import { holdsContract } from './contract'
import { libraryStoreCases } from './library-store'
import { modelStoreCases } from './model-store'
import { runStoreCases } from './run-store'

let opened = 0
async function database() {
  const db = await openDatabase(`test-${++opened}`)
  if (!db) throw new Error('no IndexedDB')
  return db
}
holdsContract('ChunkStore: memory', chunkStoreCases, () => Promise.resolve(createMemoryChunkStore()))
holdsContract('ChunkStore: IndexedDB', chunkStoreCases, async () => createChunkStore(await database()))
holdsContract('ChunkStore: a folder', chunkStoreCases, async () => createFolderChunkStore(await mkdtemp(join(tmpdir(), 'pagewise-'))))
holdsContract('RunStore: memory', runStoreCases, () => Promise.resolve(createMemoryRunStore()))
holdsContract('RunStore: IndexedDB', runStoreCases, async () => createRunStore(await database()))
holdsContract('LibraryStore: memory', libraryStoreCases, () => Promise.resolve(createMemoryLibraryStore()))
holdsContract('LibraryStore: IndexedDB', libraryStoreCases, async () => createLibraryStore(await database()))
holdsContract('ModelStore: memory', modelStoreCases, () => Promise.resolve(createMemoryModelStore()))
holdsContract('ModelStore: IndexedDB', modelStoreCases, async () => createModelStore(await database()))
