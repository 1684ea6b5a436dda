// Many byte streams that grow at once, one a term, in one buffer: a stream is a chain of slices, each twice as long as the one before, its
// last four bytes the address of the next (after Lucene's ByteBlockPool). Half a million terms then cost no half a million arrays.

const FIRST_SLICE = 8
const LONGEST_SLICE = 4096
const LINK = 4

export class PostingArena {
  #bytes = new Uint8Array(1 << 16)
  #view = new DataView(this.#bytes.buffer)
  #end = 0
  readonly #heads: number[] = []
  /** Where the next byte of a stream goes, and where its present slice has its link. */
  readonly #at: number[] = []
  readonly #link: number[] = []
  readonly #sliceSizes: number[] = []
  readonly #sizes: number[] = []

  /** Starts an empty stream; streams are numbered from 0. */
  open(): number {
    const head = this.#allocate(FIRST_SLICE)
    this.#heads.push(head)
    this.#at.push(head)
    this.#link.push(head + FIRST_SLICE)
    this.#sliceSizes.push(FIRST_SLICE)
    return this.#sizes.push(0) - 1
  }

  /** Appends an integer 0 … 2^31 - 1, seven bits a byte, low ones first; the high bit says that more follow. */
  writeVarint(stream: number, value: number): void {
    while (value > 127) {
      this.#write(stream, (value & 127) | 128)
      value >>>= 7
    }
    this.#write(stream, value)
  }

  /** Length of a stream in bytes. */
  sizeOf(stream: number): number {
    return this.#sizes[stream]!
  }

  /** Copies a stream to `target` from `offset` on. */
  copy(stream: number, target: Uint8Array, offset: number): void {
    let from = this.#heads[stream]!
    let sliceSize = FIRST_SLICE
    for (let left = this.#sizes[stream]!; left > 0;) {
      const size = Math.min(left, sliceSize)
      target.set(this.#bytes.subarray(from, from + size), offset)
      offset += size
      left -= size
      if (left > 0) from = this.#view.getUint32(from + sliceSize, true)
      sliceSize = nextSize(sliceSize)
    }
  }

  #write(stream: number, byte: number): void {
    if (this.#at[stream] === this.#link[stream]) {
      const size = nextSize(this.#sliceSizes[stream]!)
      const slice = this.#allocate(size)
      this.#view.setUint32(this.#link[stream]!, slice, true)
      this.#at[stream] = slice
      this.#link[stream] = slice + size
      this.#sliceSizes[stream] = size
    }
    this.#bytes[this.#at[stream]!] = byte
    this.#at[stream]! += 1
    this.#sizes[stream]! += 1
  }

  #allocate(size: number): number {
    const start = this.#end
    this.#end += size + LINK
    if (this.#end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#end, Math.ceil(this.#bytes.length * 1.5)))
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    return start
  }
}

function nextSize(size: number): number {
  return Math.min(size * 2, LONGEST_SLICE)
}
