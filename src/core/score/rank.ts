// From a question's logits to its ranking. Ties keep file order, so that a run is reproducible byte for byte.
// A logit that is not a number (a device that overflowed) ranks last with probability 0, like one of minus infinity.

/** logits[c] -> indices of the choices, best first, all of them, each once. */
export function rankChoices(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits, orLowest)
  return values.map((_, choice) => choice).sort((a, b) => (values[a] === values[b] ? a - b : values[b]! > values[a]! ? 1 : -1))
}

/** logits[c] -> probabilities[c]; they sum to 1 (Bridle 1990), computed from the largest logit down so that nothing overflows. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits, orLowest)
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity)
  const powers = values.map((value) => (value === largest ? 1 : Math.exp(value - largest)))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

/** 1-based place of the right choice in a ranking; null if it is not ranked. */
export function placeOf(ranking: readonly number[], right: number): number | null {
  const place = ranking.indexOf(right)
  return place < 0 ? null : place + 1
}

function orLowest(logit: number): number {
  return Number.isNaN(logit) ? -Infinity : logit
}
