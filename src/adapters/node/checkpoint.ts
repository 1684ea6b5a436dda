// A checkpoint folder on disk, read a piece at a time, and the model folder that is made of it.
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { ByteSource } from '../../core/checkpoint'
import { AppError } from '../../core/errors'
import type { ModelFolderWriter } from '../../core/ports'

/** The files that lie in `directory` itself, and in its onnx/, where Hugging Face keeps graphs. Throws file_unreadable, also while reading. */
export async function openCheckpointFolder(directory: string): Promise<{ sources: ByteSource[]; close(): Promise<void> }> {
  const handles = new Map<string, Promise<FileHandle>>()
  const attempt = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw new AppError('file_unreadable', { file: path, reason: (error as NodeJS.ErrnoException).code ?? String(error) })
    }
  }
  const names = await attempt(directory, () => readdir(directory))
  if (names.includes('onnx')) names.push(...(await readdir(join(directory, 'onnx')).catch(() => [])).map((name) => `onnx/${name}`))
  const sources: ByteSource[] = []
  for (const name of names.sort()) {
    const path = join(directory, name)
    const found = await attempt(path, () => stat(path))
    if (!found.isFile()) continue
    sources.push({
      name,
      bytes: found.size,
      read: (offset, length) =>
        attempt(path, async () => {
          const opened = handles.get(name) ?? open(path)
          handles.set(name, opened)
          const bytes = new Uint8Array(length)
          let filled = 0
          while (filled < length) {
            const { bytesRead } = await (await opened).read(bytes, filled, length - filled, offset + filled)
            if (bytesRead === 0) break
            filled += bytesRead
          }
          return bytes.subarray(0, filled)
        }),
    })
  }
  return {
    sources,
    async close() {
      for (const handle of handles.values()) await (await handle.catch(() => null))?.close()
    },
  }
}

/** Writes files into `directory`, under a name of their own until they are whole. */
export function createFolderWriter(directory: string): ModelFolderWriter {
  let current: { file: string; handle: FileHandle } | null = null
  const written: string[] = []
  const partial = (file: string): string => join(directory, `${file}.partial`)
  return {
    async chunk(_signal, file, _index, bytes) {
      if (current?.file !== file) {
        await mkdir(directory, { recursive: true })
        current = { file, handle: await open(partial(file), 'w') }
      }
      await current.handle.writeFile(bytes)
    },
    async finish(_signal, { name }) {
      await current?.handle.close()
      current = null
      await rename(partial(name), join(directory, name))
      written.push(name)
    },
    async discard() {
      await current?.handle.close()
      if (current) await rm(partial(current.file), { force: true })
      for (const name of written) await rm(join(directory, name), { force: true })
    },
  }
}
