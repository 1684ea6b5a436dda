// Files are kept, hashed and fetched in chunks of 4 MiB, so that none is ever in memory as a whole.
import type { Sha256 } from '../core/ports'
import type { ModelFile } from '../core/types'

export const CHUNK_BYTES = 4 << 20

/** What comes, cut anew: every chunk but the last has CHUNK_BYTES. */
export async function* inChunks(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let chunk = new Uint8Array(CHUNK_BYTES)
  let at = 0
  for await (const piece of pieces)
    for (let from = 0; from < piece.length;) {
      const taken = piece.subarray(from, from + CHUNK_BYTES - at)
      chunk.set(taken, at)
      at += taken.length
      from += taken.length
      if (at < CHUNK_BYTES) continue
      yield chunk
      chunk = new Uint8Array(CHUNK_BYTES)
      at = 0
    }
  if (at > 0) yield chunk.slice(0, at)
}

/** The entry of a file that is at hand as a whole, for a manifest. */
export async function describeFile(name: string, bytes: Uint8Array, sha256: Sha256): Promise<ModelFile> {
  const chunkSha256: string[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunkSha256.push(await sha256(bytes.subarray(at, at + CHUNK_BYTES)))
  return { name, bytes: bytes.length, sha256: await sha256(bytes), chunkBytes: CHUNK_BYTES, chunkSha256 }
}
