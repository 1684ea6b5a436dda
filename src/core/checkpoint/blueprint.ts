// What a config says about the weights: their names and shapes in the order of the forward pass, and which of them are quantized. A checkpoint
// must hold exactly these.
import type { Architecture } from '../types'

/** linear: [outputs, inputs] of the encoder, quantized in blocks; words: the word embeddings, quantized by row; other: kept. */
export type Role = 'linear' | 'words' | 'other'
export interface ExpectedTensor {
  name: string
  shape: readonly number[]
  role: Role
}
export interface Blueprint {
  architecture: Architecture
  /** Most tokens of a sequence; null where nothing in the architecture limits them. */
  mostTokens: number | null
  /** What tokenizers of this kind are trained to, where mostTokens is null. */
  usualTokens: number
  vocabulary: number
  tensors: ExpectedTensor[]
}

export const words = (name: string, rows: number, width: number): ExpectedTensor => ({
  name: `${name}.weight`,
  shape: [rows, width],
  role: 'words',
})
export const table = (name: string, rows: number, width: number): ExpectedTensor => ({
  name: `${name}.weight`,
  shape: [rows, width],
  role: 'other',
})
export const norm = (name: string, width: number): ExpectedTensor[] => [
  { name: `${name}.weight`, shape: [width], role: 'other' },
  { name: `${name}.bias`, shape: [width], role: 'other' },
]
/** A linear layer of the encoder. */
export const linear = (name: string, outputs: number, inputs: number): ExpectedTensor[] => [
  { name: `${name}.weight`, shape: [outputs, inputs], role: 'linear' },
  { name: `${name}.bias`, shape: [outputs], role: 'other' },
]
/** A linear layer of the head, small enough to be kept as it is. */
export const head = (name: string, outputs: number, inputs: number): ExpectedTensor[] =>
  linear(name, outputs, inputs).map((tensor) => ({ ...tensor, role: 'other' }))
