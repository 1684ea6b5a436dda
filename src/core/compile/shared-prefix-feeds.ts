// Fills the inputs of the shared-prefix graph for one batch: where every token lies, what it sees, which tokens are read.
//   tokens   [prefix, padded on its left | choice slot 0 | choice slot 1 | …], every slot beginning at the position after the prefix
// Padding on the left makes relative positions the same in every question of the batch.
import type { Batch } from '../encode/batches'
import type { SharedPrefixInput } from '../types'
import type { Embedding } from './embedding'
import type { PositionFeeds } from './architecture'
import type { Feeds } from './feeds'
import { BLOCKED } from './weights'

/** Tokens are padded to a multiple of this: GPU kernels that read four numbers at once then apply. */
const STEP = 4

/** Inputs for `batch`, a batch of `inputs`. The logits come back as [Q, C] in the order of the pieces and of their choices. */
export function feedSharedPrefix(
  batch: Batch,
  inputs: readonly SharedPrefixInput[],
  embedding: Embedding,
  hidden: number,
  positionFeeds: PositionFeeds,
): Feeds {
  const Q = batch.pieces.length
  const C = batch.choices.length
  const choiceTokens = batch.choices.reduce((sum, n) => sum + n, 0)
  const T = Math.ceil((batch.prefix + choiceTokens) / STEP) * STEP
  const P = T - choiceTokens
  const starts = batch.choices.map((_, slot) => batch.choices.slice(0, slot).reduce((sum, n) => sum + n, P))

  // The same for all questions: positions, and which choice a token belongs to (-1: the prefix).
  const positions = Int32Array.from({ length: T }, (_, t) => t)
  const owner = new Int32Array(T).fill(-1)
  starts.forEach((start, slot) => {
    for (let i = 0; i < batch.choices[slot]!; i++) {
      positions[start + i] = P + i
      owner[start + i] = slot
    }
  })
  const blockMask = new Float32Array(T * T)
  for (let i = 0; i < T; i++) {
    for (let j = P; j < T; j++) if (owner[j] !== owner[i]) blockMask[i * T + j] = BLOCKED
  }

  const questions = batch.pieces.map((piece) => inputs[piece.input]!)
  const { read, first, rowOf } = readTokens(questions, P, T, starts)
  const R = read.length
  const embeddings = new Float32Array(Q * T * hidden)
  const keyMask = new Float32Array(Q * T).fill(BLOCKED)
  const contextMask = new Float32Array(Q * R)
  const innerMask = new Float32Array(Q * C * R)
  questions.forEach((question, q) => {
    const place = (ids: Int32Array, start: number, position: number): void => {
      ids.forEach((id, i) => {
        embedding.write(id, position + i, 0, embeddings, (q * T + start + i) * hidden)
      })
      keyMask.fill(0, q * T + start, q * T + start + ids.length)
    }
    const prefix = question.prefixIds
    place(prefix, P - prefix.length, 0)
    batch.pieces[q]!.choices.forEach((choice, slot) => {
      const ids = question.choiceIds[choice]!
      place(ids, starts[slot]!, prefix.length)
      const row = rowOf(starts[slot]! + 1)
      if (question.contextTokens > 0 && ids.length > 2)
        innerMask.fill(1, (q * C + slot) * R + row, (q * C + slot) * R + row + ids.length - 2)
    })
    if (question.contextTokens > 0) {
      const row = rowOf(P - prefix.length + 1)
      contextMask.fill(1, q * R + row, q * R + row + question.contextTokens)
    }
  })
  return {
    embeddings: { data: embeddings, shape: [Q, T, hidden] },
    block_mask: { data: blockMask, shape: [T, T] },
    key_mask: { data: keyMask, shape: [Q, 1, 1, T] },
    read: { data: read, shape: [R] },
    first: { data: first, shape: [C] },
    context_mask: { data: contextMask, shape: [Q, 1, R] },
    inner_mask: { data: innerMask, shape: [Q, C, R] },
    ...positionFeeds(positions, []),
  }
}

/** The head reads the contexts and all of the choices; without any context only the first token of each choice. `first`: rows of `read`. */
function readTokens(
  questions: readonly SharedPrefixInput[],
  P: number,
  T: number,
  starts: readonly number[],
): { read: Int32Array; first: Int32Array; rowOf: (token: number) => number } {
  const withContext = questions.filter((question) => question.contextTokens > 0)
  if (withContext.length === 0) {
    return { read: Int32Array.from(starts), first: Int32Array.from(starts.keys()), rowOf: () => 0 }
  }
  const begins = withContext.map((question) => P - question.prefixIds.length + 1)
  const from = Math.min(...begins)
  const to = Math.max(...withContext.map((question, i) => begins[i]! + question.contextTokens))
  const rowOf = (token: number): number => (token < to ? token - from : token - P + to - from)
  const read = Int32Array.from({ length: to - from + T - P }, (_, row) => (row < to - from ? from + row : P + row - (to - from)))
  return { read, first: Int32Array.from(starts, rowOf), rowOf }
}
