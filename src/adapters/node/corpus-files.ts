// Files of a corpus on disk, read a slice at a time, and the folder that a library is written to.
import { open, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { AppError } from '../../core/errors'
import type { CorpusFile } from '../../core/retrieve'

/** A file, or all files below a folder but hidden ones, by path. Rejects with file_unreadable. */
export async function findCorpusFiles(path: string): Promise<CorpusFile[]> {
  const paths = await orUnreadable(path, async () => {
    if ((await stat(path)).isFile()) return [path]
    const entries = await readdir(path, { withFileTypes: true, recursive: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  })
  const isShown = (file: string): boolean => !/(^|[/\\])\./.test(relative(path, file))
  return Promise.all(paths.filter(isShown).sort().map(openCorpusFile)) // prettier-ignore
}

async function openCorpusFile(path: string): Promise<CorpusFile> {
  const { size } = await orUnreadable(path, () => stat(path))
  return {
    name: path,
    bytes: size,
    slice: (start, end) =>
      orUnreadable(path, async () => {
        const file = await open(path)
        try {
          const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start))
          let at = 0
          while (at < bytes.length) {
            const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at)
            if (bytesRead === 0) throw Object.assign(new Error('it was cut while it was read'), { code: 'ETRUNCATED' })
            at += bytesRead
          }
          return bytes
        } finally {
          await file.close()
        }
      }),
  }
}

/** Writes files into a folder, which is made where it is missing. Rejects with file_unreadable. */
export function createFolderWriter(directory: string): (name: string, bytes: Uint8Array) => Promise<void> {
  const made = new Map<string, Promise<unknown>>()
  return async (name, bytes) => {
    const path = join(directory, name)
    const folder = dirname(path)
    await orUnreadable(path, async () => {
      const making = made.get(folder) ?? mkdir(folder, { recursive: true })
      made.set(folder, making)
      await making
      await writeFile(path, bytes)
    })
  }
}

async function orUnreadable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new AppError('file_unreadable', { file: path, reason: (error as NodeJS.ErrnoException).code ?? String(error) })
  }
}
