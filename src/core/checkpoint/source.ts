// The files of a checkpoint, wherever they lie: dropped on the page (Blobs) or in a folder. They are read a piece at a time, so that a file
// of gigabytes costs no memory.
import { AppError } from '../errors'

export interface ByteSource {
  /** Path inside what was dropped or chosen: "config.json", "my-model/config.json". */
  readonly name: string
  readonly bytes: number
  /** `length` bytes from `offset` on. Throws file_unreadable; bytes beyond the end may be missing. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** The files of one checkpoint by their names inside its folder. */
export type CheckpointFiles = ReadonlyMap<string, ByteSource>

/** A larger JSON file is none of ours. */
const MOST_JSON_BYTES = 200_000_000

/**
 * The folder that holds config.json, the least deep one, without its subfolders. `place`: what people call what was chosen.
 * Throws checkpoint_file_missing, checkpoint_ambiguous.
 */
export function findCheckpoint(place: string, sources: readonly ByteSource[]): CheckpointFiles {
  const folders = sources.flatMap(({ name }) => (baseOf(name) === 'config.json' ? folderOf(name) : []))
  const depth = (folder: string): number => folder.split('/').length
  const least = Math.min(...folders.map(depth))
  const [found, ...others] = folders.filter((folder) => depth(folder) === least)
  if (found === undefined)
    throw new AppError('checkpoint_file_missing', { place, file: 'config.json', hint: 'Choose the whole folder of the model.' })
  if (others.length > 0) {
    const names = [found, ...others].map((folder) => `${folder}config.json`)
    throw new AppError('checkpoint_ambiguous', { place, file: 'config.json', found: names.join(', ') })
  }
  return new Map(sources.flatMap((source) => (folderOf(source.name) === found ? [[baseOf(source.name), source] as const] : [])))
}

/** Exactly `length` bytes. Throws checkpoint_damaged where the file ends before. */
export async function readExactly(source: ByteSource, offset: number, length: number): Promise<Uint8Array> {
  const bytes = offset + length <= source.bytes ? await source.read(offset, length) : new Uint8Array(0)
  if (bytes.length !== length) throw damaged(source.name, `it ends at byte ${source.bytes}, byte ${offset + length} is asked for`)
  return bytes
}

/** Throws checkpoint_damaged. */
export async function readJson(source: ByteSource): Promise<unknown> {
  if (source.bytes > MOST_JSON_BYTES) throw damaged(source.name, `it has ${source.bytes} bytes, too many for a JSON file`)
  const bytes = await readExactly(source, 0, source.bytes)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw damaged(source.name, 'it is not JSON')
  }
}

export function damaged(file: string, reason: string): AppError {
  return new AppError('checkpoint_damaged', { file, reason })
}

/** The name in a path, and the folder before it with its slash. */
export const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)
