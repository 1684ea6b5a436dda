import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchTokens, divideBatch, firstOfEqual, planBatches, type Batch } from '../../src/core/encode/batches'
import type { SharedPrefixInput } from '../../src/core/types'

/** What one more batch costs, in tokens; the plan's own constant. */
const BATCH_COST = 128

const choice = fc.array(fc.nat(3), { minLength: 2, maxLength: 30 }).map((ids) => Int32Array.from(ids))
const question: fc.Arbitrary<SharedPrefixInput> = fc.record({
  layout: fc.constant('shared-prefix' as const),
  prefixIds: fc.integer({ min: 2, max: 60 }).map((n) => new Int32Array(n)),
  contextTokens: fc.constant(0),
  choiceIds: fc.array(choice, { maxLength: 6 }),
})
const questions = fc.array(question, { maxLength: 9 })
const budgets = fc.integer({ min: 10, max: 700 })

/** Every (question, choice) of a plan. */
const placed = (batches: readonly Batch[]): string[] =>
  batches.flatMap(({ pieces }) => pieces.flatMap(({ input, choices }) => choices.map((c) => `${String(input)}/${String(c)}`)))

describe('firstOfEqual', () => {
  it('agrees with a search for each', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(2), { maxLength: 3 })), (lists) => {
        const found = lists.map((ids) => lists.findIndex((other) => other.length === ids.length && other.every((id, i) => id === ids[i])))
        expect(firstOfEqual(lists.map((ids) => Int32Array.from(ids)))).toEqual(found)
      }),
    )
  })
})

describe('planBatches', () => {
  it('makes every choice of layout pairs a piece of its own, and equal ones one', () => {
    const pair = (...ids: number[]) => ({ ids: Int32Array.from(ids), types: null })
    const input = { layout: 'pairs' as const, pairs: [pair(1, 2), pair(1, 2, 3), pair(1, 2), pair(4, 5, 6)] }
    const pieces = planBatches([input, input], 100).flatMap((batch) => batch.pieces)
    const expected = [0, 1].flatMap((index) => [0, 1, 3].map((choice) => ({ input: index, choices: [choice] })))
    expect(pieces.sort((a, b) => a.input - b.input || a.choices[0]! - b.choices[0]!)).toEqual(expected)
  })
  it('places every choice once, equal ones by their first', () => {
    fc.assert(
      fc.property(questions, budgets, (inputs, budget) => {
        const distinct = inputs.flatMap(({ choiceIds }, i) => [...new Set(firstOfEqual(choiceIds))].map((c) => `${String(i)}/${String(c)}`))
        expect(placed(planBatches(inputs, budget)).sort()).toEqual(distinct.sort())
      }),
    )
  })
  it('keeps every batch within the budget, unless it is one choice alone', () => {
    fc.assert(
      fc.property(questions, budgets, (inputs, budget) => {
        const over = planBatches(inputs, budget).filter((batch) => batchTokens(batch) > budget)
        expect(over.map(({ pieces }) => [pieces.length, pieces[0]!.choices.length])).toEqual(over.map(() => [1, 1]))
      }),
    )
  })
  it('gives a batch the shape of its longest prefix and, choice by choice, its longest choice', () => {
    fc.assert(
      fc.property(questions, budgets, (inputs, budget) => {
        for (const { pieces, prefix, choices } of planBatches(inputs, budget)) {
          const lengths = pieces.map((piece) => piece.choices.map((c) => inputs[piece.input]!.choiceIds[c]!.length))
          const slots = Array.from({ length: Math.max(...lengths.map((l) => l.length)) }, (_, slot) =>
            Math.max(...lengths.map((l) => l[slot] ?? 0)),
          )
          expect({ prefix, choices }).toEqual({
            prefix: Math.max(...pieces.map(({ input }) => inputs[input]!.prefixIds.length)),
            choices: slots,
          })
        }
      }),
    )
  })
  it('puts the choices of a question longest first', () => {
    fc.assert(
      fc.property(questions, (inputs) => {
        for (const { pieces } of planBatches(inputs, 1e6)) {
          const lengths = pieces.map((piece) => piece.choices.map((c) => inputs[piece.input]!.choiceIds[c]!.length))
          expect(lengths).toEqual(lengths.map((list) => [...list].sort((a, b) => b - a)))
        }
      }),
    )
  })
  it('finds the cheapest of all cuts of its order', () => {
    const costOf = (batches: readonly Batch[]): number => batches.reduce((sum, batch) => sum + batchTokens(batch) + BATCH_COST, 0)
    fc.assert(
      fc.property(fc.array(question, { maxLength: 7 }), fc.integer({ min: 250, max: 700 }), (inputs, budget) => {
        const plan = planBatches(inputs, budget)
        const order = plan.flatMap(({ pieces }) => pieces)
        const shaped = (pieces: typeof order): Batch => ({
          pieces,
          prefix: Math.max(...pieces.map(({ input }) => inputs[input]!.prefixIds.length)),
          choices: [0, 1, 2, 3, 4, 5].map((slot) =>
            Math.max(...pieces.map((p) => (slot in p.choices ? inputs[p.input]!.choiceIds[p.choices[slot]!]!.length : 0))),
          ),
        })
        let least = order.length === 0 ? 0 : Infinity
        for (let cuts = 0; cuts < 2 ** Math.max(0, order.length - 1); cuts++) {
          const groups: (typeof order)[] = []
          order.forEach((piece, i) => (i > 0 && !((cuts >> (i - 1)) & 1) ? groups.at(-1)!.push(piece) : groups.push([piece])))
          const batches = groups.map(shaped)
          if (batches.every((batch) => batchTokens(batch) <= budget || batch.pieces.length === 1)) least = Math.min(least, costOf(batches))
        }
        expect(costOf(plan)).toBe(least)
      }),
      { numRuns: 200 },
    )
  })
  it('divides a question that is too large even for an endless budget', () => {
    const choiceIds = Array.from({ length: 26 }, (_, c) => Int32Array.from({ length: 96 }, (_, i) => i + c))
    const plan = planBatches([{ layout: 'shared-prefix', prefixIds: new Int32Array(176), contextTokens: 0, choiceIds }], 1e9)
    const largest = Math.max(...plan.map(({ prefix, choices }) => choices.reduce((a, b) => a + b, prefix)))
    expect({ choices: placed(plan).length, largest }).toEqual({ choices: 26, largest: 176 + 4 * 96 })
  })
  it('keeps a question with long options from those with short ones', () => {
    const short = Array.from({ length: 20 }, () => ({ prefix: 100, lengths: [5, 5, 5, 5] }))
    const inputs = [...short, { prefix: 100, lengths: [150, 5, 5, 5] }, ...short].map(({ prefix, lengths }, i): SharedPrefixInput => ({
      layout: 'shared-prefix',
      prefixIds: new Int32Array(prefix),
      contextTokens: 0,
      choiceIds: lengths.map((n, c) => new Int32Array(n).fill(4 * i + c)),
    }))
    const alone = planBatches(inputs, 2048).find(({ pieces }) => pieces.some(({ input }) => input === 20))
    expect(alone?.pieces.length).toBe(1)
  })
})

describe('divideBatch', () => {
  it('gives two smaller batches of the same choices, or null for one choice', () => {
    fc.assert(
      fc.property(questions, budgets, (inputs, budget) => {
        for (const batch of planBatches(inputs, budget)) {
          const halves = divideBatch(batch, inputs)
          if (!halves) expect(placed([batch])).toHaveLength(1)
          else {
            expect(placed(halves)).toEqual(placed([batch]))
            expect(halves.every((half) => batchTokens(half) < batchTokens(batch))).toBe(true)
          }
        }
      }),
    )
  })
})
