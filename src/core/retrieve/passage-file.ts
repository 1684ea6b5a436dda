// Passage texts as bytes: blocks of about 16 KB, each compressed by itself, so that showing a passage unpacks one block, not the library.
// Compression is the caller's (raw deflate: CompressionStream in browsers, zlib in Node). All numbers little-endian.
//   header  4 x u32: magic "PWPF", version, passages, blocks
//   table   (blocks + 1) x 2 x u32: number of the first passage of each block, and where the block starts after the table
//   blocks  deflated JSON: [[id, title, source, text], …]
import { AppError } from '../errors'

export interface Passage {
  id: string
  title: string
  /** Where it comes from, ready to show: "OpenStax, Biology 2e, CC BY 4.0". */
  source: string
  text: string
}

/** Raw deflate or its inverse. */
export type Codec = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>

const MAGIC = 0x46505750
const VERSION = 1
const HEADER_WORDS = 4
const BLOCK_CHARACTERS = 16_384
const REMEMBERED_BLOCKS = 32

export class PassageFileBuilder {
  readonly #deflate: Codec
  readonly #blocks: Uint8Array[] = []
  readonly #table: number[] = [0, 0]
  #open: string[] = []
  #openCharacters = 0
  #passages = 0

  constructor(deflate: Codec) {
    this.#deflate = deflate
  }

  /** Adds the next passage; they are numbered 0, 1, 2 … in this order. */
  async add({ id, title, source, text }: Passage): Promise<void> {
    const json = JSON.stringify([id, title, source, text])
    this.#open.push(json)
    this.#openCharacters += json.length
    this.#passages += 1
    if (this.#openCharacters >= BLOCK_CHARACTERS) await this.#closeBlock()
  }

  async finish(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#open.length > 0) await this.#closeBlock()
    const words = [MAGIC, VERSION, this.#passages, this.#blocks.length, ...this.#table]
    const file = new Uint8Array(words.length * 4 + this.#table.at(-1)!)
    const view = new DataView(file.buffer)
    for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true)
    let at = words.length * 4
    for (const block of this.#blocks) {
      file.set(block, at)
      at += block.length
    }
    return file
  }

  async #closeBlock(): Promise<void> {
    const block = await this.#deflate(new TextEncoder().encode(`[${this.#open.join(',')}]`))
    this.#blocks.push(block)
    this.#table.push(this.#passages, this.#table.at(-1)! + block.length)
    this.#open = []
    this.#openCharacters = 0
  }
}

export class PassageFile {
  readonly count: number
  readonly #bytes: Uint8Array
  readonly #inflate: Codec
  readonly #damaged: (reason: string) => AppError
  readonly #firstPassages: Uint32Array
  readonly #offsets: Uint32Array
  readonly #recent = new Map<number, Promise<Passage[]>>()

  /** `names` name it in errors. Throws library_damaged. */
  constructor(bytes: Uint8Array, inflate: Codec, names: { library: string; file: string }) {
    this.#bytes = bytes
    this.#inflate = inflate
    this.#damaged = (reason) => new AppError('library_damaged', { name: names.library, file: names.file, reason })
    if (bytes.length < (HEADER_WORDS + 2) * 4) throw this.#damaged('it is cut short')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const word = (index: number): number => view.getUint32(index * 4, true)
    if (word(0) !== MAGIC) throw this.#damaged('it does not hold passages')
    if (word(1) !== VERSION) throw this.#damaged(`its version is ${word(1)}, not ${VERSION}`)
    this.count = word(2)
    const blocks = word(3)
    const dataAt = (HEADER_WORDS + (blocks + 1) * 2) * 4
    if (dataAt > bytes.length) throw this.#damaged('it is cut short')
    this.#firstPassages = Uint32Array.from({ length: blocks + 1 }, (_, i) => word(HEADER_WORDS + i * 2))
    this.#offsets = Uint32Array.from({ length: blocks + 1 }, (_, i) => dataAt + word(HEADER_WORDS + i * 2 + 1))
    if (this.#offsets[blocks] !== bytes.length || this.#firstPassages[blocks] !== this.count)
      throw this.#damaged('its parts do not add up to its size')
  }

  /** Passage number `passage`. Rejects with library_damaged. */
  async read(passage: number): Promise<Passage> {
    const block = this.#blockOf(passage)
    let passages = this.#recent.get(block)
    if (!passages) {
      passages = this.#unpack(block)
      this.#recent.set(block, passages)
      if (this.#recent.size > REMEMBERED_BLOCKS) this.#recent.delete(this.#recent.keys().next().value!)
    }
    const found = (await passages)[passage - this.#firstPassages[block]!]
    if (!found) throw this.#damaged(`passage ${passage} is missing`)
    return found
  }

  /** The last block whose first passage is not after `passage`. */
  #blockOf(passage: number): number {
    let low = 0
    let high = this.#firstPassages.length - 1
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#firstPassages[middle]! <= passage) low = middle
      else high = middle
    }
    return low
  }

  async #unpack(block: number): Promise<Passage[]> {
    try {
      const packed = this.#bytes.slice(this.#offsets[block], this.#offsets[block + 1])
      const rows = JSON.parse(new TextDecoder().decode(await this.#inflate(packed))) as [string, string, string, string][]
      return rows.map(([id, title, source, text]) => ({ id, title, source, text }))
    } catch {
      throw this.#damaged(`block ${block} cannot be unpacked`)
    }
  }
}
