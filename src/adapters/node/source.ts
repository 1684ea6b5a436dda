// A folder on disk as a FileSource.
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../core/errors'
import type { FileSource } from '../../core/ports'

export function openDirectorySource(directory: string): FileSource {
  const missing = (name: string, error: unknown): unknown => {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      return new AppError('file_unreadable', { file: join(directory, name), reason: code ?? String(error) })
    return name === 'model.json'
      ? new AppError('model_missing', { place: directory })
      : new AppError('model_file_missing', { file: name, place: directory })
  }
  return {
    place: directory,
    async readAll(_signal, name) {
      try {
        return new Uint8Array(await readFile(join(directory, name)))
      } catch (error) {
        throw missing(name, error)
      }
    },
    async *readFrom(signal, name, offset) {
      const stream = createReadStream(join(directory, name), { start: offset, highWaterMark: 1 << 20 })
      try {
        for await (const piece of stream) {
          if (signal.aborted) throw new AppError('aborted')
          yield piece as Uint8Array
        }
      } catch (error) {
        throw error instanceof AppError ? error : missing(name, error)
      } finally {
        stream.destroy()
      }
    },
  }
}
