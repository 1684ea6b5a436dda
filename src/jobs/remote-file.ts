// A file of gigabytes from far away, kept in the ChunkStore while it is needed: it arrives once, in order, and goes on where it was interrupted; a
// host that ignores Range is skipped through. Its chunks carry no hashes, because nobody knows them; they are kept apart by the file's version,
// and without one nothing is resumed.
import type { ByteSource } from '../core/checkpoint'
import { AppError, throwIfAborted } from '../core/errors'
import type { ChunkStore, Exclusively, RemoteFile, RemoteFolder, Sha256 } from '../core/ports'
import { CHUNK_BYTES, inChunks } from './chunks'

export interface DownloadDeps {
  folder: RemoteFolder
  /** Where in the store everything of this folder lies; it ends in a slash. */
  prefix: string
  store: ChunkStore
  sha256: Sha256
  exclusively: Exclusively
}

/**
 * The file, which has begun to arrive from its beginning. `onBytes`: how many are there, those of an earlier attempt included.
 * Throws download_failed, storage_refused, address_refused, address_unreachable, aborted.
 */
export async function download(
  signal: AbortSignal,
  name: string,
  first: RemoteFile,
  deps: DownloadDeps,
  onBytes: (done: number) => void,
): Promise<ByteSource> {
  const { store, sha256 } = deps
  const identity = new TextEncoder().encode(JSON.stringify([name, first.version, first.bytes]))
  const prefix = `${deps.prefix}${await sha256(identity)}/`
  const bytes = await deps.exclusively(signal, prefix, async () => {
    if (first.version === null) await store.deletePrefix(prefix)
    const end = await store.get(`${prefix}end`)
    if (!end) return fetchRest(signal, name, first, prefix, deps, onBytes)
    await first.close()
    return Number(new TextDecoder().decode(end))
  })
  onBytes(bytes)
  return storedSource(name, bytes, prefix, store)
}

async function fetchRest(
  signal: AbortSignal,
  name: string,
  first: RemoteFile,
  prefix: string,
  { folder, store }: DownloadDeps,
  onBytes: (done: number) => void,
): Promise<number> {
  // The last chunk that is there is fetched again, so that there is always something to ask for.
  let index = Math.max(0, (await countChunks(store, prefix)) - 1)
  let file = first
  if (index > 0) {
    await first.close()
    const again = await folder.open(signal, name, index * CHUNK_BYTES)
    if (again === 'missing' || again === 'page' || again.version !== first.version)
      throw new AppError('download_failed', { file: name, done: '0', total: '?', reason: 'the file changed meanwhile' })
    file = again
  }
  let bytes = index * CHUNK_BYTES
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of file.pieces) {
      yield piece
      onBytes((bytes += piece.length))
    }
  }
  for await (const chunk of inChunks(counted())) {
    throwIfAborted(signal)
    await store.put(`${prefix}${index++}`, chunk)
  }
  if (first.bytes !== null && bytes < first.bytes) {
    const megabytes = (count: number): string => (count / 1e6).toFixed(1)
    throw new AppError('download_failed', { file: name, done: megabytes(bytes), total: megabytes(first.bytes), reason: 'it ended early' })
  }
  await store.put(`${prefix}end`, new TextEncoder().encode(String(bytes)))
  return bytes
}

/** Chunks from the first one on, without a gap. */
async function countChunks(store: ChunkStore, prefix: string): Promise<number> {
  const found = new Set((await store.keys(prefix)).map((key) => Number(key.slice(prefix.length))))
  let count = 0
  while (found.has(count)) count++
  return count
}

/** Small tensors follow each other: the chunk that was read last is kept. */
function storedSource(name: string, bytes: number, prefix: string, store: ChunkStore): ByteSource {
  let last: { index: number; chunk: Uint8Array } | null = null
  const chunkAt = async (index: number): Promise<Uint8Array> => {
    if (last?.index === index) return last.chunk
    const chunk = await store.get(`${prefix}${index}`)
    if (!chunk) throw new AppError('storage_refused', { what: name, reason: 'a part of it is gone' })
    last = { index, chunk }
    return chunk
  }
  return {
    name,
    bytes,
    async read(offset, length) {
      const read = new Uint8Array(Math.max(0, Math.min(offset + length, bytes) - offset))
      for (let at = 0; at < read.length;) {
        const position = offset + at
        const chunk = await chunkAt(Math.floor(position / CHUNK_BYTES))
        const part = chunk.subarray(position % CHUNK_BYTES, (position % CHUNK_BYTES) + read.length - at)
        if (part.length === 0) throw new AppError('storage_refused', { what: name, reason: 'a part of it is gone' })
        read.set(part, at)
        at += part.length
      }
      return read
    },
  }
}
