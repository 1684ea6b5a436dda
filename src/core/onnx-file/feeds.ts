// Inputs of a graph that came as a file, for a batch of pairs: as transformers' tokenizer.pad makes them, int64 or int32 as the graph asks.
import type { Feed, Feeds } from '../compile/feeds'
import type { Batch } from '../encode/batches'
import type { ModelInput, PairsInput, PlainGraph, PlainInput } from '../types'

type Pair = PairsInput['pairs'][number]

/**
 * Pairs that the graph takes at a time, at most; where every row has as many tokens as the graph says, those of a batch of `tokens`. Infinity
 * where nothing is fixed.
 */
export function mostRows({ rank, fixed = {} }: PlainGraph, tokens: number): number {
  const { batch, choices, sequence } = fixed
  if (batch !== undefined && (rank === 2 || choices !== undefined)) return batch * (choices ?? 1)
  if (sequence === undefined) return Infinity
  const group = (batch ?? 1) * (choices ?? 1)
  return group * Math.max(1, Math.floor(tokens / sequence / group))
}

/**
 * [pieces, choices, tokens], or [pieces · choices, tokens]: in both the graph's logits stand piece by piece. A piece with fewer choices than
 * the others repeats its first one. Where the graph fixes an axis this is filled up: tokens by padding, rows by the last pair again, whose logits
 * come last.
 */
export function feedPlainGraph(graph: PlainGraph, batch: Batch, inputs: readonly ModelInput[]): Feeds {
  const slots = batch.choices.length
  const rows = batch.pieces.flatMap(({ input, choices }) => {
    const { pairs } = pairsOnly(inputs[input]!)
    return Array.from({ length: slots }, (_, slot) => pairs[choices[slot] ?? choices[0]!]!)
  })
  const tokens = graph.fixed?.sequence ?? Math.max(...rows.map(({ ids }) => ids.length))
  const shape = [...rowShape(graph, batch.pieces.length, slots), tokens]
  while (rows.length < rowCount(shape)) rows.push(rows.at(-1)!)
  return Object.fromEntries(graph.inputs.map(({ name, type }) => [name, feed(type, shape, rows, tokens, valueOf(name, graph.padId))]))
}

/** Rows of an input of this shape, each of which has a logit. */
export const rowCount = (shape: readonly number[]): number => shape.slice(0, -1).reduce((product, size) => product * size, 1)

/** The axes before the tokens. */
function rowShape({ rank, fixed = {} }: PlainGraph, pieces: number, slots: number): number[] {
  const { batch, choices } = fixed
  const pairs = pieces * slots
  if (rank === 2) return [batch ?? pairs]
  if (choices !== undefined) return [batch ?? Math.ceil(pairs / choices), choices]
  return batch === undefined ? [pieces, slots] : [batch, Math.ceil(pairs / batch)]
}

function feed(type: 'int64' | 'int32', shape: number[], rows: readonly Pair[], tokens: number, value: (row: Pair) => TokenValue): Feed {
  const numbers = new Int32Array(rows.length * tokens)
  rows.forEach((row, r) => {
    const at = value(row)
    for (let t = 0; t < tokens; t++) numbers[r * tokens + t] = at(t)
  })
  return { data: type === 'int32' ? numbers : BigInt64Array.from(numbers, BigInt), shape }
}

/** The number at token `t` of a row, padding included. */
type TokenValue = (t: number) => number

function valueOf(name: PlainInput, padId: number): (row: Pair) => TokenValue {
  switch (name) {
    case 'input_ids':
      return ({ ids }) =>
        (t) =>
          ids[t] ?? padId
    case 'attention_mask':
      return ({ ids }) =>
        (t) =>
          t < ids.length ? 1 : 0
    case 'token_type_ids':
      return ({ types }) =>
        (t) =>
          types?.[t] ?? 0
    case 'position_ids':
      return () => (t) => t
    case 'global_attention_mask':
      // modeling_longformer.py, _compute_global_attention_mask: on the option's tokens and the last </s>, behind the </s></s> between the texts.
      return ({ ids }) => {
        const option = ids.indexOf(ids.at(-1)!) + 2
        return (t) => (t >= option && t < ids.length ? 1 : 0)
      }
    default:
      throw new Error(`internal: ${String(name satisfies never)}`)
  }
}

function pairsOnly(input: ModelInput): PairsInput {
  if (input.layout !== 'pairs') throw new Error(`internal: ${input.layout} is not pairs`)
  return input
}
