// A file that arrives in pieces, as one.
import type { ModelFileReader } from './ports'

/** All bytes of the file. Rejects with what its reader throws, aborted among it. */
export async function readWhole(signal: AbortSignal, reader: ModelFileReader): Promise<Uint8Array> {
  const whole = new Uint8Array(reader.bytes)
  let at = 0
  for await (const piece of reader.stream(signal)) {
    whole.set(piece, at)
    at += piece.length
  }
  if (at !== whole.length) throw new Error(`internal: ${reader.name} gave ${at} of ${whole.length} bytes`)
  return whole
}
