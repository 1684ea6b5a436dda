// Reads pack.json of a sharded library. Every field is checked before anything is done with it; what is wrong is named.
import { createChecks, show, type Checks } from '../check'
import { AppError } from '../errors'
import { SHARDED_FORMAT, TABLE_BLOCKS, type ShardedManifest } from './sharded-format'

/** `name` is what people call the library, for messages. Throws library_damaged. */
export function parseShardedManifest(json: unknown, name: string): ShardedManifest {
  const refuse = (field: string, value: string, hint: string): AppError =>
    new AppError('library_damaged', { name, file: 'pack.json', reason: `${field} is ${value}. ${hint}` })
  const checks = createChecks(refuse)
  const pack = checks.record(json, 'pack.json')
  if (pack['format'] !== SHARDED_FORMAT) throw refuse('format', show(pack['format']), `This version reads ${SHARDED_FORMAT}.`)
  for (const field of ['id', 'title', 'licence', 'source']) checks.text(field, pack[field])
  for (const field of ['passages', 'textBytes', 'bytes', 'passagesPerBlock', 'largestBlockBytes']) checks.count(field, pack[field])
  const bm25 = checks.record(pack['bm25'], 'bm25')
  for (const field of ['k1', 'b'])
    if (typeof bm25[field] !== 'number') throw refuse(`bm25.${field}`, show(bm25[field]), 'It must be a number.')
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
