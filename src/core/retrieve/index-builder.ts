// Passages in, index file out. Postings are encoded while passages arrive, so memory stays near the size of the finished file.
import { PostingArena } from './posting-arena'
import { writeIndex, type TermPostings } from './index-file'
import { termsOf } from './terms'

export class IndexBuilder {
  readonly #streams = new Map<string, number>()
  readonly #arena = new PostingArena()
  readonly #documentFrequencies: number[] = []
  readonly #lastPassages: number[] = []
  readonly #lengths: number[] = []

  /** Adds the next passage; they are numbered 0, 1, 2 … in this order. */
  add(text: string): void {
    const passage = this.#lengths.length
    const terms = termsOf(text)
    this.#lengths.push(terms.length)
    const counts = new Map<number, number>()
    for (const term of terms) {
      const stream = this.#streamOf(term)
      counts.set(stream, (counts.get(stream) ?? 0) + 1)
    }
    for (const [stream, count] of counts) this.#post(stream, passage, count)
  }

  /** Length of each passage in terms. */
  get lengths(): readonly number[] {
    return this.#lengths
  }

  /** All terms so far, with their postings. */
  terms(): TermPostings[] {
    const arena = this.#arena
    return Array.from(this.#streams, ([term, stream]) => ({
      term,
      documentFrequency: this.#documentFrequencies[stream]!,
      postingBytes: arena.sizeOf(stream),
      copyPostings: (target: Uint8Array, offset: number) => {
        arena.copy(stream, target, offset)
      },
    }))
  }

  /** The index file of all passages added (index-file.ts). */
  finish(): Uint8Array<ArrayBuffer> {
    return writeIndex(this.terms(), this.#lengths)
  }

  #streamOf(term: string): number {
    let stream = this.#streams.get(term)
    if (stream === undefined) {
      stream = this.#arena.open()
      this.#streams.set(term, stream)
      this.#documentFrequencies.push(0)
      this.#lastPassages.push(-1)
    }
    return stream
  }

  /** The gap to the term's previous passage, doubled, plus 1 where a count above 1 follows (as count - 2). */
  #post(stream: number, passage: number, count: number): void {
    const gap = passage - this.#lastPassages[stream]! - 1
    this.#arena.writeVarint(stream, gap * 2 + (count > 1 ? 1 : 0))
    if (count > 1) this.#arena.writeVarint(stream, count - 2)
    this.#lastPassages[stream] = passage
    this.#documentFrequencies[stream]! += 1
  }
}
