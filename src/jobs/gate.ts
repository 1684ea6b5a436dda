// Pauses work that has no checkpoint: while the gate is closed, whoever awaits it waits; an abort lets it through, to be noticed.

export class Gate {
  #open: (() => void) | null = null
  #closed: Promise<void> | null = null

  get isClosed(): boolean {
    return this.#closed !== null
  }
  set isClosed(isClosed: boolean) {
    if (isClosed === this.isClosed) return
    if (isClosed) this.#closed = new Promise((resolve) => (this.#open = resolve))
    else {
      this.#open?.()
      this.#closed = null
    }
  }

  /** Resolves when the gate is open or the signal aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    if (this.#closed === null || signal.aborted) return
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([this.#closed, aborted])
  }
}
