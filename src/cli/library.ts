// Opens the library that --library names: one that is served with the page, a folder, or none.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflateRaw } from '../adapters/compression/deflate'
import { sha256 } from '../adapters/crypto/sha256'
import { createNoStore } from '../adapters/memory/stores'
import { openDirectorySource } from '../adapters/node/source'
import { AppError } from '../core/errors'
import { SHARDED_FORMAT, type Library, type ShardedLibrary } from '../core/retrieve'
import { alone, openCachedFolder, type CacheDeps } from '../jobs/cached-folder'
import { openLibrary, readPack } from '../jobs/open-library'
import { openShardedLibrary } from '../jobs/open-sharded'

/** libraries/ of this checkout, from dist/cli. */
const EMBEDDED_LIBRARIES = fileURLToPath(new URL('../../libraries', import.meta.url))

/** null for `off`. Throws library_unknown, library_damaged. */
export async function openNamedLibrary(signal: AbortSignal, name: string): Promise<Library | ShardedLibrary | null> {
  if (name === 'off') return null
  const source = openDirectorySource(libraryFolder(name))
  const manifest = await readPack(signal, source, name)
  const cache: CacheDeps = { source, store: createNoStore(), sha256, exclusively: alone }
  if (manifest.format === SHARDED_FORMAT) return openShardedLibrary(signal, manifest, cache, inflateRaw)
  return openLibrary(signal, openCachedFolder(manifest, cache), inflateRaw)
}

/** Where a library lies: one of this checkout by its name, or a folder. Throws library_unknown. */
export function libraryFolder(name: string): string {
  const directory = [join(EMBEDDED_LIBRARIES, name), name].find((folder) => existsSync(join(folder, 'pack.json')))
  if (directory === undefined) throw new AppError('library_unknown', { name, known: known().join(', ') })
  return directory
}

function known(): string[] {
  return readdirSync(EMBEDDED_LIBRARIES).filter((name) => existsSync(join(EMBEDDED_LIBRARIES, name, 'pack.json')))
}
