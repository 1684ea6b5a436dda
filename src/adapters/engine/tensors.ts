// Reads a safetensors file while it arrives, so that no more of it is in memory than the tensor at hand.
import { headerEnd, readSafetensors, type Safetensors, type StoredTensor } from '../../core/compile/safetensors'
import { AppError } from '../../core/errors'
import type { ModelFileReader } from '../../core/ports'

export interface Piece {
  name: string
  tensor: StoredTensor
  /** Where the bytes begin within the tensor; 0 unless it comes in pieces. */
  from: number
  /** Valid until the next piece is asked for. */
  bytes: Uint8Array
}
export interface TensorFile {
  header: Safetensors
  /** All tensors in the file's order; the `streamed` ones in pieces as they arrive, the others whole. Throws weights_damaged. */
  pieces(streamed: ReadonlySet<string>): AsyncGenerator<Piece>
}

/** Reads up to the end of the header. Throws weights_damaged, and what the reader throws. */
export async function openTensors(signal: AbortSignal, file: ModelFileReader): Promise<TensorFile> {
  const chunks = file.stream(signal)[Symbol.asyncIterator]()
  const next = async (): Promise<Uint8Array> => {
    const { done, value } = await chunks.next()
    if (done === true) throw new AppError('weights_damaged', { file: file.name, reason: 'it ends too early' })
    return value
  }
  let rest = await next()
  while (rest.length < 8 || rest.length < Math.min(headerEnd(file.name, rest), file.bytes)) rest = concat(rest, await next())
  const header = readSafetensors(file.name, rest, file.bytes)
  rest = rest.subarray(headerEnd(file.name, rest))

  async function* pieces(streamed: ReadonlySet<string>): AsyncGenerator<Piece> {
    try {
      const order = [...header.tensors].sort(([, a], [, b]) => a.offset - b.offset)
      for (const [name, tensor] of order) {
        const isWhole = !streamed.has(name)
        const whole = isWhole && rest.length < tensor.bytes ? new Uint8Array(tensor.bytes) : null
        for (let from = 0; from < tensor.bytes;) {
          if (rest.length === 0) rest = await next()
          const bytes = rest.subarray(0, tensor.bytes - from)
          if (whole) whole.set(bytes, from)
          else yield { name, tensor, from, bytes }
          from += bytes.length
          rest = rest.subarray(bytes.length)
        }
        if (whole) yield { name, tensor, from: 0, bytes: whole }
      }
    } finally {
      await chunks.return?.()
    }
  }
  return { header, pieces }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
