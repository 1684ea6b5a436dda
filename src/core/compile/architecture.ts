// What a layout needs of an architecture. One file makes one of these of a config and its weights; index.ts lists them.
import type { Layout } from '../types'
import type { EmbeddingTables } from './embedding'
import type { Feeds } from './feeds'
import type { Graph, Value } from './graph'
import type { Limits } from './head-groups'

export interface Architecture {
  hidden: number
  /** What a token's embedding is the sum of; it is looked up outside the graph. */
  tables: EmbeddingTables
  encode: Encode
  /** The head of layout pairs: hidden states of the first tokens [N, H] -> logits [N, 1]. */
  score(first: Value): Value
  /** Fills the inputs that `encode` added. */
  feed: PositionFeeds
  /** Sequences of layout pairs are padded to a multiple of this, or of what it gives for the longest one. */
  step: number | ((longest: number) => number)
  /** The layouts that it can be written in; pairs alone where it does not say. */
  layouts?: readonly Layout[]
}

/**
 * x [N, T, H], embedded tokens before their norm; mask [N, 1, 1 or T, T], added to the scores; read [R], int32 or int64, the tokens whose
 * states are asked for -> hidden states [N, R, H]. Where the mask has one row for all queries, only the first token is read.
 */
export type Encode = (x: Value, mask: Value, read: Value) => Value

/** `positions` [T]: of every token, the same in all sequences. `sequences`: the token ids of each in layout pairs; in shared-prefix empty. */
export type PositionFeeds = (positions: Int32Array, sequences: readonly Int32Array[]) => Feeds

/** `config`: Hugging Face's; `limits`: what its buffers must fit in. Throws model_unsupported, weights_damaged. */
export type OpenArchitecture = (config: Record<string, unknown>, graph: Graph, limits: Limits) => Architecture
