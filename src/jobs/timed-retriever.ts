// A retriever with a stopwatch: how long a run spent looking passages up, also when it was stopped in the middle.
import type { Clock, Retriever } from '../core/ports'
import type { PassageHit } from '../core/types'

export class TimedRetriever implements Retriever {
  #milliseconds = 0

  constructor(
    private readonly retriever: Retriever,
    private readonly clock: Clock,
  ) {}

  /** Seconds of all lookups so far. */
  get seconds(): number {
    return this.#milliseconds / 1000
  }

  async retrieve(...asked: Parameters<Retriever['retrieve']>): Promise<PassageHit[]> {
    const startedAt = this.clock.now()
    try {
      return await this.retriever.retrieve(...asked)
    } finally {
      this.#milliseconds += this.clock.now() - startedAt
    }
  }
}
