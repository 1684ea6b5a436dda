// Texts of rows by index, a bounded number of them: when it is full it starts over, for the rows in sight are asked for again at once.
export class TextCache {
  #texts = new Map<number, string>()

  constructor(private readonly limit: number) {}

  has(index: number): boolean {
    return this.#texts.has(index)
  }
  get(index: number): string | undefined {
    return this.#texts.get(index)
  }
  /** Room for `count` more; the oldest all go when there is none. */
  makeRoom(count: number): void {
    if (this.#texts.size + count > this.limit) this.#texts.clear()
  }
  set(index: number, text: string): void {
    this.#texts.set(index, text)
  }
  clear(): void {
    this.#texts.clear()
  }
}
