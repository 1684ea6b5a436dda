// What can be said about a run while it goes on: one pass, constant memory, a row at a time. MAP@3 as in core/evaluate; its interval
// here is the normal one (mean ± 1.96 standard errors), which needs no resampling of rows still to come. The final figures come from core.
import { chanceAtK } from '../../core/evaluate/average-precision'
import type { AnswerSummary } from '../../worker/protocol'

/** Confidence is counted in steps of 5%. */
export const BINS = 20
export const ENOUGH_ROWS = 20

export class Tally {
  scored = 0
  /** Rows whose right option came first; within the first two; within the first three. */
  readonly within: [number, number, number] = [0, 0, 0]
  /** Rows by confidence in the first choice: right, wrong, and without a key. */
  readonly right = new Uint32Array(BINS)
  readonly wrong = new Uint32Array(BINS)
  readonly unkeyed = new Uint32Array(BINS)
  #sum = 0
  #sumOfSquares = 0
  #chance = 0

  add({ ranking, probabilities, place, letters }: AnswerSummary): void {
    const confidence = probabilities[ranking[0] ?? -1]
    if (confidence !== undefined) {
      const bin = Math.min(BINS - 1, Math.floor(confidence * BINS))
      const bins = place === null ? this.unkeyed : place === 1 ? this.right : this.wrong
      bins[bin]!++
    }
    if (place === null) return
    const precision = place >= 1 && place <= 3 ? 1 / place : 0
    this.scored++
    this.#sum += precision
    this.#sumOfSquares += precision * precision
    this.#chance += chanceAtK(letters.length, 3)
    for (const k of [1, 2, 3] as const) if (place >= 1 && place <= k) this.within[k - 1]!++
  }
  /** MAP@3 of the scored rows; null without any. */
  get mapAt3(): number | null {
    return this.scored === 0 ? null : this.#sum / this.scored
  }
  /** MAP@3 of guessing at random; null without scored rows. */
  get chance(): number | null {
    return this.scored === 0 ? null : this.#chance / this.scored
  }
  /** 95% interval of mapAt3; null under 20 scored rows. */
  get interval(): [number, number] | null {
    if (this.scored < ENOUGH_ROWS) return null
    const mean = this.#sum / this.scored
    const variance = Math.max(0, (this.#sumOfSquares - this.scored * mean * mean) / (this.scored - 1))
    const margin = 1.96 * Math.sqrt(variance / this.scored)
    return [Math.max(0, mean - margin), Math.min(1, mean + margin)]
  }
}
