// What the host calls: set up, pack, answer; and the kernels, for tests.
export { configure, linearAt, biasAt, normAt, relativeAt } from './layout'
export { answer, scratchBytes, setFused, setScratch } from './forward'
export { normalize, packBiases, packLinear, packPanels, packRelative, widen } from './packing'
import { convolution, convolutionBias, embeddingNorm, farColumns, head, headNumbers, poolerBias, positions, types, words, wordScales } from './layout'

export function wordsAt(): usize {
  return words
}
export function wordScalesAt(): usize {
  return wordScales
}
export function positionsAt(): usize {
  return positions
}
export function typesAt(): usize {
  return types
}
export function embeddingNormAt(): usize {
  return embeddingNorm
}
export function farColumnsAt(): usize {
  return farColumns
}
/** Panels; bias, gain and bias of the norm follow from convolutionBiasAt() on. */
export function convolutionAt(): usize {
  return convolution
}
export function convolutionBiasAt(): usize {
  return convolutionBias()
}
/** Pooler panels; its bias, the classifier, the token weight and three numbers follow from poolerBiasAt() on. */
export function headAt(): usize {
  return head
}
export function poolerBiasAt(): usize {
  return poolerBias()
}
export function headNumbersAt(): usize {
  return headNumbers()
}

// For tests, and to measure which ones are fast.
export { attend, expRow, fillWindow, setBuffers, setWindow, transpose } from './attention'
export { gemmFloat, setTall } from './kernels/gemm-float'
export { gemmIntFused, gemmIntTwoStep, intTop } from './kernels/gemm-int'
export { addNorm, dotRow } from './kernels/norm'
export { quantizeRows } from './kernels/quantize'
export { rotate, rotationBlock } from './kernels/rotate'
export { activate } from './kernels/activation'
export { packColumn, widenRow } from './packing'
