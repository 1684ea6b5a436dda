// Reads protocol buffers from a file that is too large to hold: a field is where its value lies, and what nobody asks for is passed over.
// Wire format: https://protobuf.dev/programming-guides/encoding.
import { damaged, readExactly, type ByteSource } from '../checkpoint/source'

/** `value` of a varint; bytes `start` to `end` of the file of anything else. */
export interface Field {
  number: number
  /** A varint, or a value that has a length (a text, a message, packed numbers), or a number of fixed size. */
  kind: 'varint' | 'bytes' | 'fixed'
  /** Unsigned, rounded above 2^53; 0 where the kind is another. */
  value: number
  start: number
  end: number
}

const WINDOW_BYTES = 64 * 1024
const MOST_VARINT_BYTES = 10
const MOST_TEXT_BYTES = 64 * 1024
/** A graph of the largest models has some hundred thousand; a file made to keep the reader busy has more. */
const MOST_FIELDS = 5_000_000
const FIXED_BYTES: Record<number, number> = { 1: 8, 5: 4 }

export class WireReader {
  #window: Uint8Array = new Uint8Array(0)
  #windowStart = 0
  #fields = 0

  constructor(readonly source: ByteSource) {}

  /** The fields of the message that lies from `start` to `end`. Throws checkpoint_damaged, file_unreadable. */
  async *fields(start = 0, end = this.source.bytes): AsyncGenerator<Field> {
    for (let at = start; at < end;) {
      if (++this.#fields > MOST_FIELDS) throw this.damaged(`it has more than ${MOST_FIELDS} parts`)
      await this.#reach(at, 2 * MOST_VARINT_BYTES)
      const [tag, body] = this.#varint(at, end)
      const number = Math.floor(tag / 8)
      const wire = tag % 8
      if (number === 0 || tag > 0xffffffff) throw this.damaged(`there is no field at byte ${at}`)
      if (wire === 0) {
        const [value, next] = this.#varint(body, end)
        yield { number, kind: 'varint', value, start: body, end: next }
        at = next
        continue
      }
      const isLong = wire === 2
      const [length, from] = isLong ? this.#varint(body, end) : [FIXED_BYTES[wire], body]
      if (length === undefined) throw this.damaged(`byte ${at} begins a field of the unknown kind ${wire}`)
      if (length > end - from) throw this.damaged(`the field at byte ${at} is cut short`)
      at = from + length
      yield { number, kind: isLong ? 'bytes' : 'fixed', value: 0, start: from, end: at }
    }
  }

  async text({ kind, start, end }: Field): Promise<string> {
    if (kind !== 'bytes' || end - start > MOST_TEXT_BYTES) throw this.damaged(`there is no text at byte ${start}`)
    const bytes = await readExactly(this.source, start, end - start)
    return new TextDecoder().decode(bytes)
  }

  /** Numbers of a repeated field, which may come one by one or packed. */
  async numbers(field: Field): Promise<number[]> {
    if (field.kind === 'varint') return [field.value]
    if (field.kind !== 'bytes' || field.end - field.start > MOST_TEXT_BYTES)
      throw this.damaged(`there are no numbers at byte ${field.start}`)
    const numbers: number[] = []
    for (let at = field.start; at < field.end;) {
      await this.#reach(at, MOST_VARINT_BYTES)
      const [value, next] = this.#varint(at, field.end)
      numbers.push(value)
      at = next
    }
    return numbers
  }

  damaged(reason: string): Error {
    return damaged(this.source.name, reason)
  }

  /** Has the window hold `length` bytes from `at` on, or as many as the file has. */
  async #reach(at: number, length: number): Promise<void> {
    const end = Math.min(at + length, this.source.bytes)
    if (at >= this.#windowStart && end <= this.#windowStart + this.#window.length) return
    this.#window = await readExactly(this.source, at, Math.min(WINDOW_BYTES, this.source.bytes - at))
    this.#windowStart = at
  }

  /** The number at `at`, within the window, and where it ends. */
  #varint(at: number, end: number): [value: number, next: number] {
    let value = 0
    for (let i = 0; i < MOST_VARINT_BYTES && at + i < end; i++) {
      const byte = this.#window[at + i - this.#windowStart]!
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) return [value, at + i + 1]
    }
    throw this.damaged(`there is no number at byte ${at}`)
  }
}
