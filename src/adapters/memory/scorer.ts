// A scorer that anyone can check by eye: an option's logit is the number of its tokens that also stand in the prefix, each token counted
// once, minus a hundredth of its length. Slow to be useful, quick to run: it drives the pipeline in unit tests.
import { sharedPrefixOnly } from '../../core/encode/shared-prefix'
import { throwIfAborted } from '../../core/errors'
import type { Scorer } from '../../core/ports'

export function createOverlapScorer(): Scorer {
  return {
    device: 'cpu',
    description: 'token overlap',
    workers: 1,
    async score(signal, inputs, onLogits) {
      for (const [index, { prefixIds, choiceIds }] of sharedPrefixOnly(inputs).entries()) {
        throwIfAborted(signal)
        const prefix = new Set(prefixIds)
        const logits = choiceIds.map((ids) => new Set([...ids.slice(1, -1)].filter((id) => prefix.has(id))).size - ids.length / 100)
        onLogits(index, Float32Array.from(logits))
        await Promise.resolve()
      }
    },
    close: () => Promise.resolve(),
  }
}
