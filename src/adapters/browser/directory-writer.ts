// Writes a model folder into a directory that the visitor picked (File System Access, https://wicg.github.io/file-system-access/; the browser's private
// directories are the same kind of handle). The folder is made anew beside what is there, so that nothing is overwritten and giving up removes all of it.
import { AppError, throwIfAborted } from '../../core/errors'
import type { ModelFolderWriter } from '../../core/ports'

const MOST_FOLDERS = 1000

/** `name`: of the folder; it gets a number where that is taken. Rejects with file_unwritable; so does the writer. */
export async function openDirectoryWriter(
  directory: FileSystemDirectoryHandle,
  name: string,
): Promise<{ name: string; writer: ModelFolderWriter }> {
  const free = await orUnwritable(name, () => freeName(directory, name))
  const folder = await orUnwritable(free, () => directory.getDirectoryHandle(free, { create: true }))
  let current: { file: string; stream: FileSystemWritableFileStream } | null = null
  return {
    name: free,
    writer: {
      async chunk(signal, file, _index, bytes) {
        throwIfAborted(signal)
        await orUnwritable(file, async () => {
          if (current?.file !== file) {
            const handle = await folder.getFileHandle(file, { create: true })
            current = { file, stream: await handle.createWritable() }
          }
          // TypeScript's types of DOM leave shared memory out.
          await current.stream.write(bytes as Uint8Array<ArrayBuffer>)
        })
      },
      async finish(_signal, { name: file }) {
        await orUnwritable(file, async () => current?.stream.close())
        current = null
      },
      async discard() {
        await current?.stream.abort().catch(() => undefined)
        current = null
        await directory.removeEntry(free, { recursive: true }).catch(() => undefined) // somebody was quicker
      },
    },
  }
}

async function freeName(directory: FileSystemDirectoryHandle, name: string): Promise<string> {
  for (let number = 1; number <= MOST_FOLDERS; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`
    if (!(await isTaken(directory, candidate))) return candidate
  }
  throw new AppError('file_unwritable', { file: name, reason: `${MOST_FOLDERS} folders have this name` })
}

async function isTaken(directory: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await directory.getDirectoryHandle(name)
    return true
  } catch (error) {
    const kind = error instanceof DOMException ? error.name : ''
    if (kind === 'TypeMismatchError') return true // a file
    if (kind === 'NotFoundError') return false
    throw error
  }
}

async function orUnwritable<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DOMException) && !(error instanceof TypeError)) throw error
    throw new AppError('file_unwritable', { file, reason: error.message || error.name })
  }
}
