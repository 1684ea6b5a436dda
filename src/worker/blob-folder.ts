// Dropped files as a folder: names are paths, however deep the folder was that somebody dropped.
import { AppError } from '../core/errors'
import type { FileSource } from '../core/ports'
import { folderPaths } from '../core/retrieve'

const PIECE_BYTES = 4 << 20

/** `place`: what people call the folder. */
export function openBlobFolder(place: string, files: readonly { name: string; blob: Blob }[]): FileSource {
  const paths = folderPaths(files.map((file) => file.name))
  const byPath = new Map(files.map(({ blob }, i) => [paths[i]!, blob]))
  const find = (name: string): Blob => {
    const blob = byPath.get(name)
    if (!blob) throw new AppError('model_file_missing', { file: name, place })
    return blob
  }
  const read = async (name: string, blob: Blob): Promise<Uint8Array> => {
    try {
      return new Uint8Array(await blob.arrayBuffer())
    } catch (error) {
      throw new AppError('file_unreadable', { file: name, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  return {
    place,
    readAll: async (_signal, name) => read(name, find(name)),
    async *readFrom(signal, name, offset) {
      const blob = find(name)
      for (let at = offset; at < blob.size; at += PIECE_BYTES) {
        if (signal.aborted) throw new AppError('aborted')
        yield await read(name, blob.slice(at, at + PIECE_BYTES))
      }
    },
  }
}

/** What the dropped folder is called: the last folder on the way to its config.json. */
export function folderName(names: readonly string[]): string {
  const config = names.filter((name) => /(^|\/)config\.json$/.test(name)).sort((a, b) => a.length - b.length)[0] ?? ''
  return config.split('/').at(-2) ?? ''
}
