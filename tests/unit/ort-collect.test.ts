import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collectLogits } from '../../src/adapters/ort/collect'
import { planBatches } from '../../src/core/encode/batches'
import type { SharedPrefixInput } from '../../src/core/types'

const choice = fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }).map((ids) => Int32Array.from(ids))
const question: fc.Arbitrary<SharedPrefixInput> = fc.record({
  layout: fc.constant('shared-prefix' as const),
  prefixIds: fc.integer({ min: 2, max: 40 }).map((n) => new Int32Array(n)),
  contextTokens: fc.constant(0),
  choiceIds: fc.array(choice, { maxLength: 8 }),
})

describe('collectLogits', () => {
  it('gives every question its logits once, in the order of its choices, however they were batched', () => {
    const logitOf = (ids: Int32Array): number => ids.reduce((sum, id) => 3 * sum + id + 1, 0)
    fc.assert(
      fc.property(fc.array(question, { maxLength: 8 }), fc.integer({ min: 20, max: 400 }), (inputs, budget) => {
        const given: (number[] | undefined)[] = []
        let calls = 0
        const collect = collectLogits(inputs, (index, logits) => {
          given[index] = [...logits]
          calls += 1
        })
        for (const batch of planBatches(inputs, budget)) {
          const rows = batch.pieces.flatMap(({ input, choices }) =>
            batch.choices.map((_, slot) => (slot in choices ? logitOf(inputs[input]!.choiceIds[choices[slot]!]!) : NaN)),
          )
          collect(batch, Float32Array.from(rows))
        }
        expect({ given, calls }).toEqual({ given: inputs.map(({ choiceIds }) => choiceIds.map(logitOf)), calls: inputs.length })
      }),
    )
  })
})
