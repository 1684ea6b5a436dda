// One database, one typed schema, one open. Upgrades go step by step.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { AppError } from '../../core/errors'
import type { LibraryRecord, ModelRecord, RunRecord } from '../../core/ports'
import type { Answer } from '../../core/types'

export interface PagewiseSchema extends DBSchema {
  /** key: sha256 of the file / number of the chunk */
  chunks: { key: string; value: Uint8Array }
  runs: { key: string; value: RunRecord }
  /** The dropped file of a run, byte for byte. */
  runFiles: { key: string; value: Uint8Array }
  /** key: [run, block]; a block is what was answered since the last checkpoint */
  answers: { key: [string, number]; value: Answer[] }
  libraries: { key: string; value: LibraryRecord }
  models: { key: string; value: ModelRecord }
}
export type Database = IDBPDatabase<PagewiseSchema>

/** Resolves to null where the browser has no usable IndexedDB (private windows of some, storage disabled). */
export async function openDatabase(name = 'pagewise'): Promise<Database | null> {
  try {
    const database = await openDB<PagewiseSchema>(name, 3, {
      upgrade(db, oldVersion) {
        if (oldVersion < 1) {
          db.createObjectStore('chunks')
          db.createObjectStore('runs', { keyPath: 'id' })
          db.createObjectStore('runFiles')
          db.createObjectStore('answers')
        }
        if (oldVersion < 2) db.createObjectStore('libraries', { keyPath: 'id' })
        if (oldVersion < 3) db.createObjectStore('models', { keyPath: 'id' })
      },
      // A newer page in another tab wants to upgrade: let it.
      blocking(_current, _blocked, event) {
        ;(event.target as IDBDatabase).close()
      },
    })
    return database
  } catch {
    return null
  }
}

/** Turns what IndexedDB says of a full or forbidden store into storage_refused; anything else is thrown on. */
export function refusal(error: unknown, what: string): unknown {
  if (!(error instanceof DOMException)) return error
  if (!['QuotaExceededError', 'InvalidStateError', 'UnknownError', 'AbortError', 'NotAllowedError', 'SecurityError'].includes(error.name))
    return error
  return new AppError('storage_refused', { what, reason: error.name })
}
