// Where everything lies in memory. All addresses follow from the sizes in configure(), so every instance that is configured alike finds the
// weights of a shared memory at the same places; after loading, weights are only read. Below BASE lie the constants of this module.
//
//   word embeddings, as the file has them    [vocabulary][H] fp16, fp32 or int8, then for int8 a scale a row, fp32
//   position embeddings                      [positions][H] fp32, token type 0 added
//   token types                              [types][H] fp32, less type 0
//   norm of the embeddings                   gain [H], bias [H]
//   head                                     pooler panels [H/8][H][8], its bias [H], classifier [H], token weight [H], 3 numbers
//   far columns                              [2 reach + 1] i32: column of the relative rows for offsets reach … -reach
//   convolution, where there is one          panels [H/8][kernel H][8], its bias [H], norm: gain [H], bias [H]
//   each layer                               six linear layers (panels, bias, scale, column sums), two norms, relative rows
import { INT_BYTES } from './kernels/gemm-int'

export const BASE: usize = 65536

/** Arithmetic. */
export const FLOAT: i32 = 0
export const INT: i32 = 1

/** How numbers are stored in a file. Q8 and Q4: blocks of 32 along a row with an fp16 scale each. */
export const F16: i32 = 0
export const F32: i32 = 1
export const I8: i32 = 2
export const Q8: i32 = 3
export const Q4: i32 = 4

/** What the distance of two tokens adds to their score: terms of the query and of the key, or one number a head. */
export const TERMS: i32 = 0
export const BIAS: i32 = 1

/** The linear layers of a layer. */
export const QUERY: i32 = 0
export const KEY: i32 = 1
export const VALUE: i32 = 2
export const OUT: i32 = 3
export const UP: i32 = 4
export const DOWN: i32 = 5

export let arithmetic: i32 = FLOAT
export let hidden: i32 = 0
export let headCount: i32 = 0
/** Numbers of a head. */
export let headSize: i32 = 0
export let layerCount: i32 = 0
export let intermediate: i32 = 0
/** Offsets up to this one have a column of their own; further ones share them (far columns). */
export let near: i32 = 0
/** The furthest offset of the far columns. */
export let reach: i32 = 0
export let relativeKind: i32 = TERMS
/** Columns of a relative row, buckets falling. */
export let relativeColumns: i32 = 0
export let positionCount: i32 = 0
export let wordKind: i32 = F16
export let epsilon: f32 = 0
/** Of the pooler (see kernels/activation.ts). */
export let poolerActivation: i32 = 0
/** Tokens that the convolution sees at once; 0: there is none. */
export let kernelSize: i32 = 0
export let kernelActivation: i32 = 0
/** Bytes of a state: hidden floats. */
export let stateBytes: usize = 0

export const words: usize = BASE
export let wordScales: usize = 0
export let positions: usize = 0
export let types: usize = 0
export let embeddingNorm: usize = 0
export let head: usize = 0
export let farColumns: usize = 0
export let convolution: usize = 0
let layers: usize = 0
let layerBytes: usize = 0
let squareBytes: usize = 0
let weightBytes: usize = 0

@inline
function align(p: usize): usize {
  return (p + 63) & ~63
}

/** Sets the sizes of a model; returns the first byte behind its weights. hidden and intermediate are multiples of 32. */
export function configure(
  kind: i32, vocabulary: i32, H: i32, heads: i32, layerNumber: i32, F: i32, maxPositions: i32, typeNumber: i32, relative: i32, columns: i32,
  nearOffsets: i32, farthest: i32, wordsStored: i32, pooler: i32, kernel: i32, kernelActs: i32, eps: f32,
): usize {
  arithmetic = kind
  hidden = H
  headCount = heads
  headSize = H / heads
  layerCount = layerNumber
  intermediate = F
  near = nearOffsets
  reach = farthest
  relativeKind = relative
  relativeColumns = columns
  positionCount = maxPositions
  wordKind = wordsStored
  epsilon = eps
  poolerActivation = pooler
  kernelSize = kernel
  kernelActivation = kernelActs
  stateBytes = <usize>H * 4
  weightBytes = kind == FLOAT ? 4 : INT_BYTES
  wordScales = align(words + <usize>vocabulary * H * (wordsStored == F32 ? 4 : wordsStored == F16 ? 2 : 1))
  positions = align(wordScales + (wordsStored == I8 ? <usize>vocabulary * 4 : 0))
  types = positions + maxPositions * stateBytes
  embeddingNorm = types + typeNumber * stateBytes
  head = embeddingNorm + 2 * stateBytes
  farColumns = head + H * stateBytes + 3 * stateBytes + 64
  convolution = align(farColumns + <usize>(2 * farthest + 1) * 4)
  layers = convolution + (kernel ? (<usize>kernel * H + 3) * stateBytes : 0)
  squareBytes = linearBytes(H, H)
  layerBytes = 4 * squareBytes + linearBytes(F, H) + linearBytes(H, F) + 4 * stateBytes + relativeBytes()
  return layers + layerNumber * layerBytes
}

@inline
function linearBytes(n: i32, k: i32): usize {
  return <usize>n * k * weightBytes + 3 * <usize>n * 4
}
/** Relative rows of a head. */
export function relativeRows(): i32 {
  return relativeKind == BIAS ? 1 : 2 * headSize
}
@inline
function relativeBytes(): usize {
  return align(<usize>headCount * relativeRows() * relativeColumns * 4)
}

/** Outputs and inputs of a linear layer. */
@inline
export function outputsOf(linear: i32): i32 {
  return linear == UP ? intermediate : hidden
}
@inline
export function inputsOf(linear: i32): i32 {
  return linear == DOWN ? intermediate : hidden
}
/** Packed weights of a linear layer. */
export function linearAt(layer: i32, linear: i32): usize {
  const p = layers + layer * layerBytes + <usize>min(linear, UP) * squareBytes
  return linear < DOWN ? p : p + linearBytes(intermediate, hidden)
}
/** Its bias [n]; scale [n] and column sums [n] follow. */
export function biasAt(layer: i32, linear: i32): usize {
  return linearAt(layer, linear) + <usize>outputsOf(linear) * inputsOf(linear) * weightBytes
}
/** Gain and bias of the norm after attention, then of the norm after the feed-forward part. */
export function normAt(layer: i32): usize {
  return relativeAt(layer) - 4 * stateBytes
}
/**
 * [head][relativeRows][relativeColumns] fp32; buckets fall along a row. TERMS: headSize rows of projected keys, then of queries, of all relative
 * positions. BIAS: what is added to the score.
 */
export function relativeAt(layer: i32): usize {
  return layers + (layer + 1) * layerBytes - relativeBytes()
}

/** Of the convolution: its bias, then its norm. */
@inline
export function convolutionBias(): usize {
  return convolution + <usize>kernelSize * hidden * stateBytes
}

// Offsets in the head.
@inline
export function poolerBias(): usize {
  return head + hidden * stateBytes
}
@inline
export function classifier(): usize {
  return poolerBias() + stateBytes
}
@inline
export function tokenWeight(): usize {
  return classifier() + stateBytes
}
/** [classifier bias, token weight's bias, scale of late interaction] */
@inline
export function headNumbers(): usize {
  return tokenWeight() + stateBytes
}
