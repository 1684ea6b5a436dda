// The golden questions of the embedded model, and how far a scorer is from them. Used in Node and, bundled, in the browser.
import type { Scorer } from '../../src/core/ports'
import type { ModelInput, SharedPrefixInput } from '../../src/core/types'

export interface GoldenItem<Input extends ModelInput = SharedPrefixInput> {
  input: Input
  /** fp32 logits of the PyTorch reference. */
  logits: number[]
}

/** `json`: tests/fixtures/default/golden.json, parsed. */
export function readGolden(json: unknown): GoldenItem[] {
  const { items } = json as { items: { prefixIds: number[]; contextTokens: number; choiceIds: number[][]; logits: number[] }[] }
  return items.map(({ prefixIds, contextTokens, choiceIds, logits }) => ({
    input: {
      layout: 'shared-prefix',
      prefixIds: Int32Array.from(prefixIds),
      contextTokens,
      choiceIds: choiceIds.map((ids) => Int32Array.from(ids)),
    },
    logits,
  }))
}

/** Logits of every item, in order. */
export async function scoreAll(
  scorer: Scorer,
  items: readonly GoldenItem<ModelInput>[],
  signal = new AbortController().signal,
): Promise<number[][]> {
  const logits: number[][] = items.map(() => [])
  await scorer.score(
    signal,
    items.map(({ input }) => input),
    (index, values) => {
      logits[index] = [...values]
    },
  )
  return logits
}

/** NaN where a logit is missing or not a number. */
export function largestError(items: readonly GoldenItem<ModelInput>[], logits: readonly number[][]): number {
  const errors = items.flatMap((item, i) => item.logits.map((golden, c) => Math.abs(golden - (logits[i]?.[c] ?? NaN))))
  return Math.max(...errors)
}

/** Share of the questions with the same best option, near-ties (the two best less than 0.05 apart) aside. */
export function topOneAgreement(items: readonly GoldenItem<ModelInput>[], logits: readonly number[][]): number {
  const clear = items.map((item, i) => ({ item, i })).filter(({ item }) => gapOf(item.logits) >= 0.05)
  const same = clear.filter(({ item, i }) => bestOf(item.logits) === bestOf(logits[i] ?? []))
  return same.length / clear.length
}

const bestOf = (logits: readonly number[]): number => logits.indexOf(Math.max(...logits))
function gapOf(logits: readonly number[]): number {
  const [first = 0, second = -Infinity] = [...logits].sort((a, b) => b - a)
  return first - second
}
