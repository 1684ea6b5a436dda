// Writes protocol buffers, as much of them as an ONNX file needs: varints, 32-bit floats, and length-delimited fields.
// Wire format: https://protobuf.dev/programming-guides/encoding. Field numbers are given by the caller (see onnx.ts).

const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5
const TEXT = new TextEncoder()

/** Appends fields of one message; `finish` gives its bytes. Fields are written in the order of the calls, repeated ones one by one. */
export class MessageWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  /** int32, int64, bool, enum. Any safe integer, negative ones as two's complement of 64 bits; throws a plain Error on others. */
  int(field: number, value: number): this {
    this.#tag(field, VARINT)
    this.#varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.#tag(field, FIXED32)
    this.#reserve(4)
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true)
    this.#length += 4
    return this
  }

  string(field: number, value: string): this {
    return this.bytes(field, TEXT.encode(value))
  }

  /** bytes, or an embedded message that is already finished. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  message(field: number, value: MessageWriter): this {
    return this.bytes(field, value.finish())
  }

  /** The message so far; a view that stays valid until the next write. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType)
  }

  #varint(value: number): void {
    if (!Number.isSafeInteger(value)) throw new Error(`internal: ${String(value)} is not a safe integer`)
    this.#reserve(10)
    // Seven bits a step, low ones first. A negative number's 64 bits are ten steps; floor keeps its sign until the last.
    let rest = value
    for (let step = 0; step < 9 && (rest > 127 || rest < 0); step++) {
      this.#bytes[this.#length++] = (rest & 127) | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest & (value < 0 ? 1 : 127)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#length + more, 2 * this.#bytes.length))
    grown.set(this.finish())
    this.#bytes = grown
  }
}
