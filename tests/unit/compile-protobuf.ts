// Reads protocol buffers the slow way, by the wire format's description. Used to check the writer.
export type Field = [number: number, value: bigint | number | Uint8Array]

export function readMessage(bytes: Uint8Array): Field[] {
  const fields: Field[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(view.getUint8(at++))
      value |= (byte & 127n) << shift
      if (byte < 128n) return BigInt.asIntN(64, value)
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = tag >> 3
    if ((tag & 7) === 0) fields.push([number, varint()])
    else if ((tag & 7) === 5) fields.push([number, view.getFloat32((at += 4) - 4, true)])
    else if ((tag & 7) === 2) {
      const length = Number(varint())
      fields.push([number, bytes.subarray(at, (at += length))])
    } else throw new Error(`wire type ${String(tag & 7)}`)
  }
  return fields
}

/** Values of a field, in order. */
export const all = (message: Uint8Array, number: number): Field[1][] =>
  readMessage(message).flatMap(([n, value]) => (n === number ? [value] : []))
export const messages = (message: Uint8Array, number: number): Uint8Array[] => all(message, number) as Uint8Array[]
export const strings = (message: Uint8Array, number: number): string[] =>
  messages(message, number).map((bytes) => new TextDecoder().decode(bytes))
export const numbers = (message: Uint8Array, number: number): number[] => all(message, number).map(Number)
