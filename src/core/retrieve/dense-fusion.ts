// Reciprocal rank fusion (Cormack, Clarke & Büttcher 2009): score(p) = Σ over rankings  1 / (60 + rank of p), ranks from 1. It needs no
// common scale of scores, which BM25 and cosines do not have.
import type { Hit } from './bm25'

/** The paper's k. */
const K = 60

/** Rankings (numbers of passages, best first) -> one, best first; ties in the order in which the rankings name them. */
export function fuseRankings(rankings: readonly (readonly number[])[]): Hit[] {
  const scores = new Map<number, number>()
  for (const ranking of rankings)
    for (const [index, passage] of ranking.entries()) scores.set(passage, (scores.get(passage) ?? 0) + 1 / (K + index + 1))
  return Array.from(scores, ([passage, score]) => ({ passage, score })).sort((a, b) => b.score - a.score)
}
