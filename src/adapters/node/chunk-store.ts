// A ChunkStore in a folder: a key is a path below it. A file appears whole or not at all.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { AppError } from '../../core/errors'
import type { ChunkStore } from '../../core/ports'

const UNFINISHED = '.part'

export function createFolderChunkStore(folder: string): ChunkStore {
  async function keys(prefix: string): Promise<string[]> {
    const below = join(folder, prefix.slice(0, prefix.lastIndexOf('/') + 1))
    const entries = await readdir(below, { recursive: true, withFileTypes: true }).catch(() => [])
    return entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith(UNFINISHED))
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((key) => key.startsWith(prefix))
  }
  return {
    isPersistent: true,
    async get(key) {
      try {
        return new Uint8Array(await readFile(join(folder, key)))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw new AppError('file_unreadable', { file: join(folder, key), reason: reasonOf(error) })
      }
    },
    async put(key, bytes) {
      const path = join(folder, key)
      try {
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path + UNFINISHED, bytes)
        await rename(path + UNFINISHED, path)
      } catch (error) {
        throw new AppError('file_unwritable', { file: path, reason: reasonOf(error) })
      }
    },
    keys,
    async deletePrefix(prefix) {
      for (const key of await keys(prefix)) await rm(join(folder, key))
    },
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
