// Reads pack.json. Every field is checked before anything is done with it; what is wrong is named.
import { checkFileEntry, createChecks, show, type Checks, type Refuse } from '../check'
import { AppError } from '../errors'
import { INDEX_FILE, PASSAGE_FILE } from './library'
import { LIBRARY_FORMAT, type LibraryManifest } from './types'

/** `name` is what people call the library, for messages. Throws library_damaged. */
export function parseLibraryManifest(json: unknown, name: string): LibraryManifest {
  const { pack, checks, refuse } = checkAbout(json, name, LIBRARY_FORMAT)
  const files = checks.list('files', pack['files']).map((file, index) => checkFileEntry(checks, refuse, file, index)['name'])
  for (const file of [INDEX_FILE, PASSAGE_FILE])
    if (!files.includes(file)) throw refuse('files', show(files), `${file} must be among them.`)
  return json as LibraryManifest
}

/** What every pack.json says (LibraryAbout), and the checks for the rest of it. Throws library_damaged. */
export function checkAbout(json: unknown, name: string, format: string): { pack: Record<string, unknown>; checks: Checks; refuse: Refuse } {
  const refuse: Refuse = (field, value, hint) =>
    new AppError('library_damaged', { name, file: 'pack.json', reason: `${field} is ${value}. ${hint}` })
  const checks = createChecks(refuse)
  const pack = checks.record(json, 'pack.json')
  if (pack['format'] !== format) throw refuse('format', show(pack['format']), `This version reads ${format}.`)
  for (const field of ['id', 'title', 'licence', 'source']) checks.text(field, pack[field])
  for (const field of ['passages', 'textBytes']) checks.count(field, pack[field])
  const bm25 = checks.record(pack['bm25'], 'bm25')
  for (const field of ['k1', 'b'])
    if (typeof bm25[field] !== 'number') throw refuse(`bm25.${field}`, show(bm25[field]), 'It must be a number.')
  return { pack, checks, refuse }
}
