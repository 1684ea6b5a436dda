// Bytes written and read one after another: varints (seven bits a byte, low ones first) and texts.

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class ByteWriter {
  #bytes = new Uint8Array(1 << 12)
  #end = 0

  get size(): number {
    return this.#end
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#end++] = value
  }

  /** A whole number 0 … 2^31 - 1. */
  varint(value: number): void {
    this.#reserve(5)
    while (value > 127) {
      this.#bytes[this.#end++] = (value & 127) | 128
      value >>>= 7
    }
    this.#bytes[this.#end++] = value
  }

  /** Length in UTF-8, then the text. */
  text(text: string): void {
    const own = encoder.encode(text)
    this.varint(own.length)
    this.append(own)
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** A copy of what was written since the last call. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#end)
    this.#end = 0
    return taken
  }

  #reserve(count: number): void {
    if (this.#end + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#end + count, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#end))
    this.#bytes = grown
  }
}

/** Reads what ByteWriter wrote. Throws RangeError past the end. */
export class ByteReader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
    readonly end = bytes.length,
  ) {}

  get isDone(): boolean {
    return this.at >= this.end
  }

  byte(): number {
    if (this.at >= this.end) throw new RangeError('past the end')
    return this.bytes[this.at++]!
  }

  varint(): number {
    let value = 0
    for (let shift = 1; shift <= 2 ** 28; shift *= 128) {
      const byte = this.byte()
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
    throw new RangeError('number too long')
  }

  text(): string {
    const own = this.skip(this.varint())
    return decoder.decode(this.bytes.subarray(own, this.at))
  }

  /** Passes over `count` bytes and returns where they start. */
  skip(count: number): number {
    const start = this.at
    if (start + count > this.end) throw new RangeError('past the end')
    this.at += count
    return start
  }
}
