// ChunkStore and RunStore on IndexedDB. Every write waits for its transaction to complete: all puts of one can succeed and the
// transaction still fail with QuotaExceededError.
import type { ChunkStore, LibraryStore, ModelStore, RunStore } from '../../core/ports'
import { refusal, type Database, type PagewiseSchema } from './database'

const upTo = (prefix: string): IDBKeyRange => IDBKeyRange.bound(prefix, prefix + '\uffff')

export function createChunkStore(database: Database): ChunkStore {
  return {
    isPersistent: true,
    get: (key) => database.get('chunks', key),
    async put(key, bytes) {
      try {
        const transaction = database.transaction('chunks', 'readwrite', { durability: 'relaxed' })
        await Promise.all([transaction.store.put(bytes, key), transaction.done])
      } catch (error) {
        throw refusal(error, 'the model')
      }
    },
    keys: (prefix) => database.getAllKeys('chunks', upTo(prefix)),
    deletePrefix: (prefix) => database.delete('chunks', upTo(prefix)),
  }
}

export function createRunStore(database: Database): RunStore {
  const answersOf = (id: string): IDBKeyRange => IDBKeyRange.bound([id, 0], [id, Infinity])
  return {
    isPersistent: true,
    async create(record, file) {
      try {
        const transaction = database.transaction(['runs', 'runFiles'], 'readwrite')
        await Promise.all([
          transaction.objectStore('runs').put(record),
          transaction.objectStore('runFiles').put(file, record.id),
          transaction.done,
        ])
      } catch (error) {
        throw refusal(error, 'the run')
      }
    },
    async update(id, change) {
      try {
        const transaction = database.transaction('runs', 'readwrite')
        const record = await transaction.store.get(id)
        await Promise.all([record && transaction.store.put({ ...record, ...change }), transaction.done])
      } catch (error) {
        throw refusal(error, 'the run')
      }
    },
    async appendAnswers(id, answers) {
      try {
        const transaction = database.transaction('answers', 'readwrite')
        const block = await transaction.store.count(answersOf(id))
        await Promise.all([transaction.store.put([...answers], [id, block]), transaction.done])
      } catch (error) {
        throw refusal(error, 'the answers')
      }
    },
    async list() {
      return (await database.getAll('runs')).sort((a, b) => b.createdAt - a.createdAt)
    },
    get: (id) => database.get('runs', id),
    file: (id) => database.get('runFiles', id),
    async answers(id) {
      return (await database.getAll('answers', answersOf(id))).flat()
    },
    async delete(id) {
      const transaction = database.transaction(['runs', 'runFiles', 'answers'], 'readwrite')
      await Promise.all([
        transaction.objectStore('runs').delete(id),
        transaction.objectStore('runFiles').delete(id),
        transaction.objectStore('answers').delete(answersOf(id)),
        transaction.done,
      ])
    },
  }
}

export function createLibraryStore(database: Database): LibraryStore {
  return createRecordStore(database, 'libraries', 'the library')
}

export function createModelStore(database: Database): ModelStore {
  return createRecordStore(database, 'models', 'the model')
}

/** Small records by id; `what`: what people call one. */
function createRecordStore<Name extends 'libraries' | 'models'>(database: Database, name: Name, what: string) {
  type Value = PagewiseSchema[Name]['value']
  return {
    async put(record: Value): Promise<void> {
      try {
        const transaction = database.transaction(name, 'readwrite')
        await Promise.all([transaction.store.put(record), transaction.done])
      } catch (error) {
        throw refusal(error, what)
      }
    },
    get: (id: string): Promise<Value | undefined> => database.get(name, id),
    async list(): Promise<Value[]> {
      return (await database.getAll(name)).sort((a, b) => a.createdAt - b.createdAt)
    },
    delete: (id: string): Promise<void> => database.delete(name, id),
  }
}
