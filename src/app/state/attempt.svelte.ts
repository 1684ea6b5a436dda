// Work that may fail, and how it failed last, for the screen. One for each kind of work: reading a list anew must not wipe out why a deletion
// failed.

export class Attempt {
  #error = $state.raw<unknown>(null)

  get error(): unknown {
    return this.#error
  }
  /** Never rejects. False where the work failed; `error` then says why. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      this.#error = null
      return true
    } catch (error) {
      this.#error = error
      return false
    }
  }
}
