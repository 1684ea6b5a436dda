// Reads pack.json of a sharded library. Every field is checked before anything is done with it; what is wrong is named.
import type { Checks } from '../check'
import { checkAbout } from './library-manifest'
import { SHARDED_FORMAT, TABLE_BLOCKS, type ShardedManifest } from './sharded-format'

/** `name` is what people call the library, for messages. Throws library_damaged. */
export function parseShardedManifest(json: unknown, name: string): ShardedManifest {
  const { pack, checks, refuse } = checkAbout(json, name, SHARDED_FORMAT)
  for (const field of ['bytes', 'passagesPerBlock', 'largestBlockBytes']) checks.count(field, pack[field])
  checkEntry(checks, pack['directory'], 'directory')
  const tables = checks.list('tables', pack['tables'])
  for (const [i, table] of tables.entries()) checkEntry(checks, table, `tables[${i}]`)
  const blocks = Math.ceil((pack['passages'] as number) / (pack['passagesPerBlock'] as number))
  const expected = Math.ceil(blocks / TABLE_BLOCKS)
  if (tables.length !== expected) throw refuse('tables', `${tables.length} tables`, `${blocks} blocks need ${expected}.`)
  return json as ShardedManifest
}

function checkEntry(checks: Checks, value: unknown, field: string): void {
  const entry = checks.record(value, field)
  for (const part of ['name', 'sha256']) checks.text(`${field}.${part}`, entry[part])
  checks.count(`${field}.bytes`, entry['bytes'])
}
