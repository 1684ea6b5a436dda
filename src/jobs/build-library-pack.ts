// A library as one file, both ways (core/retrieve/pack-file.ts). Whatever comes in is checked against the hashes that it brings before
// anything of it is stored.
import { AppError, throwIfAborted } from '../core/errors'
import type { Sha256 } from '../core/ports'
import {
  INDEX_FILE,
  Library,
  parseLibraryManifest,
  PASSAGE_FILE,
  readTar,
  tarEnd,
  tarHeader,
  tarPadding,
  type Codec,
  type CorpusFile,
  type LibraryManifest,
} from '../core/retrieve'
import type { CachedFolder } from './cached-folder'
import type { LibraryFiles } from './build-library-store'

const MANIFEST = 'pack.json'
const LONGEST_MANIFEST = 1 << 24
const MEGABYTES = 1000

/** The pieces of the archive, in order. Rejects with library_damaged where a stored chunk is lost, aborted. */
export async function packLibrary(signal: AbortSignal, folder: CachedFolder<LibraryManifest>): Promise<Uint8Array[]> {
  const { manifest } = folder
  const json = new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`)
  const pieces: Uint8Array[] = [tarHeader(MANIFEST, json.length), json, tarPadding(json.length)]
  for (const { name, bytes } of manifest.files) {
    pieces.push(tarHeader(name, bytes))
    for await (const chunk of folder.file(name).stream(signal)) pieces.push(chunk)
    pieces.push(tarPadding(bytes))
  }
  return [...pieces, tarEnd()]
}

/** What a pack holds, checked and opened once. Rejects with pack_unreadable, library_damaged, file_too_large, file_unreadable, aborted. */
export async function unpackLibrary(
  signal: AbortSignal,
  file: CorpusFile,
  { sha256, inflate }: { sha256: Sha256; inflate: Codec },
  onRead: (done: number, total: number) => void,
): Promise<{ manifest: LibraryManifest; files: LibraryFiles }> {
  if (file.bytes > MEGABYTES * 1e6)
    throw new AppError('file_too_large', { file: file.name, megabytes: Math.ceil(file.bytes / 1e6), limit: MEGABYTES })
  const entries = await readTar(file.name, file.bytes, (start, end) => file.slice(start, end))
  const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    throwIfAborted(signal)
    const entry = entries.find((candidate) => candidate.name === name)
    if (!entry) throw new AppError('pack_unreadable', { file: file.name, reason: `${name} is missing` })
    const bytes = await file.slice(entry.start, entry.start + entry.bytes)
    onRead(entry.start + entry.bytes, file.bytes)
    return bytes
  }
  const json = await read(MANIFEST)
  if (json.length > LONGEST_MANIFEST) throw new AppError('pack_unreadable', { file: file.name, reason: `${MANIFEST} is too long` })
  const manifest = parseLibraryManifest(parsed(json, file.name), file.name)
  const files = { index: await read(INDEX_FILE), passages: await read(PASSAGE_FILE) }
  for (const [name, bytes] of [[INDEX_FILE, files.index] as const, [PASSAGE_FILE, files.passages] as const]) {
    const described = manifest.files.find((entry) => entry.name === name)!
    const damaged = (reason: string): AppError => new AppError('pack_unreadable', { file: file.name, reason: `${name} ${reason}` })
    if (described.bytes !== bytes.length) throw damaged(`has ${bytes.length} bytes, ${MANIFEST} says ${described.bytes}`)
    if (described.sha256 !== (await sha256(bytes))) throw damaged('is not what its SHA-256 says: it was changed on the way')
  }
  const library = new Library(manifest, files, inflate)
  throwIfAborted(signal)
  return { manifest: library.manifest, files }
}

function parsed(json: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(json))
  } catch {
    throw new AppError('pack_unreadable', { file, reason: `${MANIFEST} is not JSON` })
  }
}
