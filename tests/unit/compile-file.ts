// Writes small safetensors files for tests.
import type { StoredType } from '../../src/core/compile/safetensors'

export interface Part {
  name: string
  type: StoredType
  shape: number[]
  bytes: Uint8Array
}

/** Tensors one after another, as the format wants them; `change` may spoil the header before it is written. */
export function safetensorsFile(parts: readonly Part[], change: (header: Record<string, unknown>) => void = () => undefined): Uint8Array {
  const header: Record<string, unknown> = {}
  let end = 0
  for (const { name, type, shape, bytes } of parts) {
    header[name] = { dtype: type, shape, data_offsets: [end, end + bytes.length] }
    end += bytes.length
  }
  change(header)
  return withHeader(JSON.stringify(header), ...parts.map(({ bytes }) => bytes))
}

/** Eight bytes of length, the text, the data. */
export function withHeader(text: string, ...data: Uint8Array[]): Uint8Array {
  const header = new TextEncoder().encode(text)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true)
  return Uint8Array.from([length, header, ...data].flatMap((bytes) => [...bytes]))
}
