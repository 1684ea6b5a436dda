import 'fake-indexeddb/auto'
import { openDatabase } from '../../src/adapters/indexeddb/database'
import { createChunkStore, createRunStore } from '../../src/adapters/indexeddb/stores'
import { createMemoryChunkStore, createMemoryRunStore } from '../../src/adapters/memory/stores'
import { chunkStoreContract } from './chunk-store'
import { runStoreContract } from './run-store'

let opened = 0
async function database() {
  const db = await openDatabase(`test-${++opened}`)
  if (!db) throw new Error('no IndexedDB')
  return db
}
chunkStoreContract('memory', () => Promise.resolve(createMemoryChunkStore()))
chunkStoreContract('IndexedDB', async () => createChunkStore(await database()))
runStoreContract('memory', () => Promise.resolve(createMemoryRunStore()))
runStoreContract('IndexedDB', async () => createRunStore(await database()))
