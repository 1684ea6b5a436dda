// Runs the contracts of the stores over the browser's own IndexedDB.
import { openDatabase } from '../../../src/adapters/indexeddb/database'
import { createChunkStore, createRunStore } from '../../../src/adapters/indexeddb/stores'
import type { Case } from '../../contract/cases'
import { chunkStoreCases } from '../../contract/chunk-store'
import { runStoreCases } from '../../contract/run-store'

export async function runStoreContracts() {
  let opened = 0
  const database = async () => (await openDatabase(`contract-${++opened}`))!
  async function all<Port>(cases: readonly Case<Port>[], open: () => Promise<Port>) {
    const results: { title: string; got: unknown; expected: unknown }[] = []
    for (const { title, run, expected } of cases) results.push({ title, got: await run(await open()), expected })
    return results
  }
  return [
    ...(await all(chunkStoreCases, async () => createChunkStore(await database()))),
    ...(await all(runStoreCases, async () => createRunStore(await database()))),
  ]
}
