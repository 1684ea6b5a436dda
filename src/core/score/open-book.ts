// The gate of open book. Passages that were looked up may have nothing to do with the question, and a model that reads them is then worse
// than one that reads nothing. So the question is answered both ways and the logits are averaged: where the passages say something, the open
// logits lie far apart and decide; where they do not, they lie close together and the closed ones decide. Measured in docs/benchmarks.md.

/** Weight of the closed-book logits against the open-book ones. */
export const CLOSED_WEIGHT = 2

/** (open + w · closed) / (1 + w), choice by choice. */
export function combineOpenBook(open: ArrayLike<number>, closed: ArrayLike<number>): number[] {
  return Array.from(open, (logit, choice) => (logit + CLOSED_WEIGHT * closed[choice]!) / (1 + CLOSED_WEIGHT))
}
