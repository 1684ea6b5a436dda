// The sizes of a model, as the engine needs them to lay out its memory. Every instance that shares the weights is given the same ones.
import { readDebertaConfig } from '../../core/compile/deberta-config'
import { relativeBucket } from '../../core/compile/relative-buckets'
import { AppError } from '../../core/errors'
import type { Arithmetic, Manifest } from '../../core/types'

/** How numbers are stored in a weight file; the values are those of src/engine/layout.ts. q8 and q4: blocks of 32 along a row. */
export const STORED = { f16: 0, f32: 1, i8: 2, q8: 3, q4: 4 } as const
export type Stored = keyof typeof STORED

export interface Sizes {
  arithmetic: Arithmetic
  vocabulary: number
  hidden: number
  heads: number
  layers: number
  intermediate: number
  positions: number
  /** S: the table of relative positions has 2S rows. */
  buckets: number
  /** Up to this distance every offset has a bucket of its own. */
  near: number
  /** The largest distance of two tokens of a pass, and of what tiles touch beside them. */
  reach: number
  maxRelativePositions: number
  epsilon: number
  types: number
  hasPositionEmbeddings: boolean
  words: 'f16' | 'f32' | 'i8'
  /** Tokens that fit one pass; a question with more is answered a few choices at a time. */
  rows: number
}

/** Five choices of full length fit one pass. */
const CHOICES_OF_A_PASS = 5
/** Offsets that windows of src/engine/attention.ts hold beyond those that occur. */
const TILE_SLACK = 64

/** `words`: how the word embeddings are stored. Throws model_unsupported. */
export function readSizes(manifest: Manifest, arithmetic: Arithmetic, words: Sizes['words']): Sizes {
  const config = readDebertaConfig(manifest.config)
  const pooler = manifest.config['pooler_hidden_act'] ?? 'gelu'
  if (pooler !== 'gelu') throw unsupported('pooler_hidden_act', pooler, 'gelu')
  if (config.hidden % 32 !== 0) throw unsupported('hidden_size', config.hidden, 'multiples of 32')
  if (config.intermediate % 32 !== 0) throw unsupported('intermediate_size', config.intermediate, 'multiples of 32')
  if ((config.hidden / config.heads) % 8 !== 0) throw unsupported('num_attention_heads', config.heads, 'heads of a multiple of 8')
  if (manifest.layout !== 'shared-prefix') throw unsupported('layout', manifest.layout, 'shared-prefix')
  const rows = manifest.maxTokens.prefix + CHOICES_OF_A_PASS * manifest.maxTokens.choice
  return {
    arithmetic,
    vocabulary: config.vocabulary,
    hidden: config.hidden,
    heads: config.heads,
    layers: config.layers,
    intermediate: config.intermediate,
    positions: config.maxPositions,
    buckets: config.buckets,
    near: Math.floor(config.buckets / 2),
    reach: rows + TILE_SLACK,
    maxRelativePositions: config.maxRelativePositions,
    epsilon: config.epsilon,
    types: config.types,
    hasPositionEmbeddings: config.hasPositionEmbeddings,
    words,
    rows,
  }
}

/** Column of a relative row for the offsets reach … -reach: buckets fall from column 0 on. */
export function farColumns({ reach, buckets, maxRelativePositions }: Sizes): Int32Array {
  return Int32Array.from({ length: 2 * reach + 1 }, (_, i) => 2 * buckets - 1 - relativeBucket(reach - i, buckets, maxRelativePositions))
}

const unsupported = (field: string, value: unknown, known: string) =>
  new AppError('model_unsupported', { field, value: String(value), known })
