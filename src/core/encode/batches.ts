// Which questions are scored together on a device that wants rectangles. All of a batch are padded to its longest prefix and, choice by
// choice (longest first), to its longest choice; so questions are sorted by shape and the sorted list is cut where that costs least
// (dynamic programming over the cuts). A batch stays under a token budget; a question too large for it is scored in pieces of a few
// choices each, which is the same by construction: choices do not see each other. In layout pairs every piece is one choice, since there is no
// prefix that others could share. Equal choices are scored once, so a tie stays a tie.
import type { ModelInput } from '../types'

/** One question, or some of its choices. */
export interface Piece {
  /** Index of the question in the list. */
  input: number
  /** Indices of its choices, longest first, ties in their own order. */
  choices: number[]
}
export interface Batch {
  pieces: Piece[]
  /** Tokens to which prefixes are padded. */
  prefix: number
  /** Tokens to which the first, second … choice of each piece is padded. */
  choices: number[]
}

/** What starting one more batch costs, in tokens. */
const BATCH_COST = 128
/** Attention grows with the square of a piece's tokens: a larger one is divided, even within the budget. */
export const MOST_PIECE_TOKENS = 640

/** Tokens that a batch costs, padding included. */
export function batchTokens({ pieces, prefix, choices }: Batch): number {
  return pieces.length * choices.reduce((sum, n) => sum + n, prefix)
}

/**
 * Every choice of every input in exactly one piece of one batch, but of equal choices only the first; no batch over `budget` tokens unless
 * it is one choice alone, and none of more than `mostPieces`. Among the cuts of the sorted list the one of least padded tokens plus BATCH_COST a batch.
 */
export function planBatches(inputs: readonly ModelInput[], budget: number, mostPieces = Infinity): Batch[] {
  const sorted = inputs.flatMap((input, index) => toPieces(input, index, Math.min(budget, MOST_PIECE_TOKENS))).sort(byShape)
  const least = [0] // least[n]: cost of the first n pieces; last[n]: where their last batch begins
  const last = [0]
  for (let to = 1; to <= sorted.length; to++) {
    least[to] = Infinity
    const shape: Shape = { prefix: 0, choices: [] }
    for (let from = to - 1; from >= Math.max(0, to - mostPieces); from--) {
      widen(shape, sorted[from]!.shape)
      const tokens = (to - from) * total(shape)
      if (tokens > budget && from < to - 1) break
      const cost = least[from]! + tokens + BATCH_COST
      if (cost < least[to]!) {
        least[to] = cost
        last[to] = from
      }
    }
  }
  const batches: Batch[] = []
  for (let to = sorted.length; to > 0; to = last[to]!) batches.push(toBatch(sorted.slice(last[to], to)))
  return batches.reverse()
}

/** A batch in two halves, by questions or else by choices; null when it is one choice. */
export function divideBatch({ pieces }: Batch, inputs: readonly ModelInput[]): [Batch, Batch] | null {
  const [only, ...others] = pieces
  if (!only || (others.length === 0 && only.choices.length < 2)) return null
  const half = <T>(list: readonly T[]): [T[], T[]] => [list.slice(0, Math.ceil(list.length / 2)), list.slice(Math.ceil(list.length / 2))]
  const [first, second] = others.length > 0 ? half(pieces) : half(only.choices).map((choices) => [{ input: only.input, choices }])
  return [
    toBatch(first!.map((piece) => sized(piece, inputs[piece.input]!))),
    toBatch(second!.map((piece) => sized(piece, inputs[piece.input]!))),
  ]
}

/** For every choice the first one equal to it. */
export function firstOfEqual(choiceIds: readonly Int32Array[]): number[] {
  const firsts = new Map<string, number>()
  return choiceIds.map((ids, choice) => {
    const key = ids.join()
    const first = firsts.get(key) ?? choice
    firsts.set(key, first)
    return first
  })
}

/**
 * What a question is scored choice by choice: in layout pairs a choice is a whole sequence, and there is no prefix. Equal ids have equal token
 * types, since text holds no [SEP] of its own.
 */
export function choiceIdsOf(input: ModelInput): readonly Int32Array[] {
  return input.layout === 'pairs' ? input.pairs.map(({ ids }) => ids) : input.choiceIds
}
const prefixLength = (input: ModelInput): number => (input.layout === 'pairs' ? 0 : input.prefixIds.length)

interface Shape {
  prefix: number
  choices: number[]
}
interface Sized {
  piece: Piece
  shape: Shape
}

function toPieces(input: ModelInput, index: number, limit: number): Sized[] {
  const pieces: Piece[] = []
  const choiceIds = choiceIdsOf(input)
  let tokens = Infinity
  for (const choice of longestFirst(choiceIds)) {
    const length = choiceIds[choice]!.length
    tokens += length
    if (tokens > limit || input.layout === 'pairs') {
      pieces.push({ input: index, choices: [] })
      tokens = prefixLength(input) + length
    }
    pieces.at(-1)!.choices.push(choice)
  }
  return pieces.map((piece) => sized(piece, input))
}

function longestFirst(choiceIds: readonly Int32Array[]): number[] {
  const firsts = firstOfEqual(choiceIds)
  return [...choiceIds.keys()].filter((choice) => firsts[choice] === choice).sort((a, b) => choiceIds[b]!.length - choiceIds[a]!.length)
}

/** By number of choices, by their tokens in steps of 32, by prefix (falling and rising in turns, so that steps meet at like lengths). */
function byShape(a: Sized, b: Sized): number {
  const step = ({ shape }: Sized): number => Math.ceil((total(shape) - shape.prefix) / 32)
  const turn = step(a) % 2 === 0 ? 1 : -1
  return (
    a.shape.choices.length - b.shape.choices.length ||
    step(a) - step(b) ||
    turn * (a.shape.prefix - b.shape.prefix) ||
    total(a.shape) - total(b.shape) ||
    a.piece.input - b.piece.input
  )
}

function sized(piece: Piece, input: ModelInput): Sized {
  const choiceIds = choiceIdsOf(input)
  return { piece, shape: { prefix: prefixLength(input), choices: piece.choices.map((choice) => choiceIds[choice]!.length) } }
}

function toBatch(parts: Sized[]): Batch {
  const shape: Shape = { prefix: 0, choices: [] }
  for (const part of parts) widen(shape, part.shape)
  return { pieces: parts.map(({ piece }) => piece), ...shape }
}

function widen(shape: Shape, by: Shape): void {
  shape.prefix = Math.max(shape.prefix, by.prefix)
  by.choices.forEach((n, slot) => (shape.choices[slot] = Math.max(shape.choices[slot] ?? 0, n)))
}

const total = ({ prefix, choices }: Shape): number => choices.reduce((sum, n) => sum + n, prefix)
