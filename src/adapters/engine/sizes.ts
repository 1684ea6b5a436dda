// The sizes of a model, as the engine needs them to lay out its memory. Every instance that shares the weights is given the same ones.
import { AppError } from '../../core/errors'
import type { Arithmetic, Manifest, Precision } from '../../core/types'
import type { Activation, Architecture } from './architecture'
import { readArchitecture } from './architectures'
import { nearOffsets, tableRows } from './relative'

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
  /** Rows of the table of positions, from the first token's on; 1 where there is none. */
  positions: number
  types: number
  /** What the distance of two tokens adds to their score: terms of queries and keys, or a number. */
  relative: 'terms' | 'bias'
  /** Rows of the table of relative positions, columns in memory. */
  columns: number
  /** Up to this distance every offset has a column of its own. */
  near: number
  /** The largest distance of two tokens of a pass, and of what tiles touch beside them. */
  reach: number
  epsilon: number
  words: 'f16' | 'f32' | 'i8'
  pooler: Activation
  /** Tokens that the convolution sees at once; 0: there is none. */
  kernel: number
  kernelActivation: Activation
  /** Tokens that fit one pass; a question with more is answered a few choices at a time. */
  rows: number
}

/** Layout shared-prefix: five choices of full length fit one pass. */
const CHOICES_OF_A_PASS = 5
/** Layout pairs: so many tokens share one pass over the weights, or one pair that is longer. */
const TOKENS_OF_A_PASS = 384
/** Offsets that windows of src/engine/attention.ts hold beyond those that occur. */
const TILE_SLACK = 64
/** WebAssembly's addresses end there. */
export const MOST_BYTES = 2 ** 32

/** `words`: how the word embeddings are stored. */
export function sizesOf(manifest: Manifest, architecture: Architecture, arithmetic: Arithmetic, words: Sizes['words']): Sizes {
  const { vocabulary, hidden, heads, layers, intermediate, epsilon, tables, relative, convolution, pooler } = architecture
  const { positions, types } = tables
  const rows = rowsOf(manifest)
  return {
    arithmetic,
    vocabulary,
    hidden,
    heads,
    layers,
    intermediate,
    positions: positions ? positions.rows - positions.first : 1,
    types: types?.rows ?? 0,
    relative: relative.kind === 'terms' ? 'terms' : 'bias',
    columns: tableRows(relative),
    near: nearOffsets(relative),
    reach: rows + TILE_SLACK,
    epsilon,
    words,
    pooler: pooler.activation,
    kernel: convolution?.kernel ?? 0,
    kernelActivation: convolution?.activation ?? 'gelu',
    rows,
  }
}

function rowsOf(manifest: Manifest): number {
  switch (manifest.layout) {
    case 'shared-prefix':
      return manifest.maxTokens.prefix + CHOICES_OF_A_PASS * manifest.maxTokens.choice
    case 'pairs':
      return Math.max(TOKENS_OF_A_PASS, manifest.maxTokens.pair)
    default:
      throw new Error(`internal: ${String(manifest satisfies never)}`)
  }
}

/** Whether the engine computes this model; where it does not, onnxruntime does. */
export function engineReads(request: { manifest: Manifest; precision: Precision; arithmetic: Arithmetic }): boolean {
  const { manifest, precision, arithmetic } = request
  try {
    const words = precision === 'fp32' ? 'f32' : precision === 'fp16' ? 'f16' : 'i8'
    checkRoom(sizesOf(manifest, readArchitecture(manifest), arithmetic, words))
    return true
  } catch (error) {
    if (error instanceof AppError && error.code === 'model_unsupported') return false
    throw error
  }
}

/** Numbers that are multiplied with every token, about. */
export function weightsPerToken({ layers, hidden, intermediate }: Sizes): number {
  return layers * hidden * (4 * hidden + 2 * intermediate)
}

/** Throws model_unsupported where the weights alone would take the room that the areas of workers need beside them. */
export function checkRoom(sizes: Sizes): void {
  const { vocabulary, hidden, layers, columns, arithmetic, words, relative } = sizes
  const wordBytes = vocabulary * hidden * { f32: 4, f16: 2, i8: 1 }[words]
  const relativeBytes = relative === 'terms' ? layers * columns * hidden * 8 : 0
  const bytes = wordBytes + relativeBytes + weightsPerToken(sizes) * (arithmetic === 'float' ? 4 : 2)
  if (bytes <= MOST_BYTES * 0.9) return
  const [size, known] = [bytes, MOST_BYTES].map((n) => `${(n / 2 ** 30).toFixed(1)} GB`)
  throw new AppError('model_unsupported', { field: 'the memory that its weights take', value: size ?? '', known: `up to ${known ?? ''}` })
}
