// Stores that last as long as the process: for Node, for tests, and for browsers that refuse storage.
import { AppError } from '../../core/errors'
import type { ChunkStore, LibraryStore, ModelStore, RecordStore, RunRecord, RunStore, StoredRecord } from '../../core/ports'
import type { Answer } from '../../core/types'

export function createMemoryChunkStore(): ChunkStore {
  const chunks = new Map<string, Uint8Array>()
  const withPrefix = (prefix: string): string[] => [...chunks.keys()].filter((key) => key.startsWith(prefix))
  return {
    isPersistent: false,
    get: (key) => Promise.resolve(chunks.get(key)),
    put(key, bytes) {
      chunks.set(key, bytes)
      return Promise.resolve()
    },
    keys: (prefix) => Promise.resolve(withPrefix(prefix)),
    deletePrefix(prefix) {
      for (const key of withPrefix(prefix)) chunks.delete(key)
      return Promise.resolve()
    },
  }
}

export function createMemoryRunStore(): RunStore {
  const runs = new Map<string, { record: RunRecord; file: Uint8Array; answers: Answer[] }>()
  const known = (id: string) => {
    const run = runs.get(id)
    if (!run) throw new AppError('run_missing')
    return run
  }
  return {
    isPersistent: false,
    create(record, file) {
      runs.set(record.id, { record, file, answers: [] })
      return Promise.resolve()
    },
    async update(id, change) {
      await Promise.resolve()
      const run = known(id)
      run.record = { ...run.record, ...change }
    },
    async appendAnswers(id, answers) {
      await Promise.resolve()
      known(id).answers.push(...answers)
    },
    list: () => Promise.resolve([...runs.values()].map((run) => run.record).sort((a, b) => b.createdAt - a.createdAt)),
    get: (id) => Promise.resolve(runs.get(id)?.record),
    file: (id) => Promise.resolve(runs.get(id)?.file),
    answers: (id) => Promise.resolve([...(runs.get(id)?.answers ?? [])]),
    delete(id) {
      runs.delete(id)
      return Promise.resolve()
    },
  }
}

export const createMemoryLibraryStore = (): LibraryStore => createRecordStore()
export const createMemoryModelStore = (): ModelStore => createRecordStore()

function createRecordStore<Manifest>(): RecordStore<Manifest> {
  const records = new Map<string, StoredRecord<Manifest>>()
  return {
    put(record) {
      records.set(record.id, record)
      return Promise.resolve()
    },
    get: (id) => Promise.resolve(records.get(id)),
    list: () => Promise.resolve([...records.values()].sort((a, b) => a.createdAt - b.createdAt)),
    delete(id) {
      records.delete(id)
      return Promise.resolve()
    },
  }
}

/** Keeps nothing: for folders that are already on this machine. */
export function createNoStore(): ChunkStore {
  return {
    isPersistent: true,
    get: () => Promise.resolve(undefined),
    put: () => Promise.resolve(),
    keys: () => Promise.resolve([]),
    deletePrefix: () => Promise.resolve(),
  }
}
