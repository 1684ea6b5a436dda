// Which shards a question reads. A shard is worth what its query terms could add to a score, n · idf each; the most telling shards are taken
// first, as long as requests and bytes last. The rest of the terms is left out: these are the frequent ones, which tell least.
import { idf } from './bm25'
import type { Directory } from './sharded-directory'

/** What a question may cost on a library that was never read before. */
export interface ShardBudget {
  requests: number
  bytes: number
}
export interface PlannedShard {
  shard: number
  bytes: number
  /** Query terms that stand in it, if anywhere. */
  terms: Set<string>
}
export interface ShardPlan {
  shards: PlannedShard[]
  /** Query terms that no shard is read for, though one may hold them. */
  leftOut: string[]
  /** Query terms that the library does not hold. */
  absent: string[]
}

/** `weights`: how often the query holds each term. `passages`: in the library. Equal worth: lower shard first. */
export function planShards(directory: Directory, weights: ReadonlyMap<string, number>, passages: number, budget: ShardBudget): ShardPlan {
  const plan: ShardPlan = { shards: [], leftOut: [], absent: [] }
  const candidates = new Map<number, PlannedShard & { worth: number }>()
  for (const [term, weight] of weights) {
    const place = directory.locate(term)
    if (!place) {
      plan.absent.push(term)
      continue
    }
    const worth = weight * idf(passages, place.documentFrequency)
    const known = candidates.get(place.shard)
    if (known) {
      known.terms.add(term)
      known.worth += worth
    } else {
      const { shard } = place
      candidates.set(shard, { shard, bytes: directory.entry(shard).bytes, terms: new Set([term]), worth })
    }
  }
  let bytesLeft = budget.bytes
  for (const { shard, bytes, terms } of [...candidates.values()].sort((a, b) => b.worth - a.worth || a.shard - b.shard)) {
    if (plan.shards.length < budget.requests && bytes <= bytesLeft) {
      plan.shards.push({ shard, bytes, terms })
      bytesLeft -= bytes
    } else plan.leftOut.push(...terms)
  }
  return plan
}
