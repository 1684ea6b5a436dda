// What the engine needs to know of a model: sizes, the names of its tensors (core/checkpoint/architectures.ts has their shapes), and what its
// attention adds for a distance.
import { unsupported } from '../../core/checkpoint/config-fields'
import type { EmbeddingTables } from '../../core/compile/embedding'
import type { Relative } from './relative'

export type Activation = 'gelu' | 'tanh'

export interface Architecture {
  vocabulary: number
  hidden: number
  heads: number
  layers: number
  intermediate: number
  epsilon: number
  tables: EmbeddingTables
  embeddingNorm: string
  /** Before the number of a layer. */
  layer: string
  /** Within a layer, in the order of src/engine/layout.ts: query, key, value, out, up, down. */
  linears: readonly string[]
  /** Within a layer: the norms after attention and after the feed-forward part. */
  norms: readonly [string, string]
  relative: Relative
  /** Scores are divided by the root of this times the size of a head: the number of their terms. */
  terms: number
  convolution: { name: string; kernel: number; activation: Activation } | null
  pooler: { name: string; activation: Activation }
}

/** The two linear layers behind attention, which all of them call alike. */
export const FEED_FORWARD = ['intermediate.dense', 'output.dense'] as const

/** An activation that the engine computes at this place. Throws model_unsupported. */
export function knownActivation<Known extends Activation>(field: string, value: string, ...known: Known[]): Known {
  const found = known.find((one) => one === value)
  if (!found) throw unsupported(field, value, known.join(', '))
  return found
}
