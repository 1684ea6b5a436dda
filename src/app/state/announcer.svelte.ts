// The page's one voice for screen readers: a polite live region. Speaks starts, quarters, ends and counts, nothing that ticks.
export class Announcer {
  #message = $state('')
  #timer: ReturnType<typeof setTimeout> | undefined

  get message(): string {
    return this.#message
  }
  /** The region is emptied first, so that the same sentence is spoken twice when it is said twice. */
  say(message: string): void {
    this.#message = ''
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#message = message
    }, 30)
  }
}
