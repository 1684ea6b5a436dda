// Raw deflate by the platform's streams, which browsers, workers and Node all have.
import type { Codec } from '../../core/retrieve'

export const deflateRaw: Codec = (bytes) => through(bytes, new CompressionStream('deflate-raw'))
/** Rejects with a TypeError on damaged bytes. */
export const inflateRaw: Codec = (bytes) => through(bytes, new DecompressionStream('deflate-raw'))

async function through(bytes: Uint8Array<ArrayBuffer>, transform: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(transform)
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
