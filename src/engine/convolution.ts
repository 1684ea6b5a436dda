// The convolution of DeBERTa v2's larger models (ConvLayer of modeling_deberta_v2): over the tokens of a sequence as they enter the first layer,
// added to what leaves it. Only for layout pairs, where every choice is a sequence of its own.
//
// Neighbouring tokens lie one behind the other, so a token and its neighbours are one row of kernel x H numbers, and the convolution is a plain
// product whose rows overlap: nothing is unfolded. A sequence is copied between rows of zeros first, which is what its ends see.
import { activate } from './kernels/activation'
import { gemmFloat, PLAIN } from './kernels/gemm-float'
import { addNorm } from './kernels/norm'
import { convolution, convolutionBias, epsilon, hidden, kernelActivation, kernelSize, stateBytes } from './layout'
import { choicesOf, lengthOf, nextQuestion } from './record'

/** A sequence between zeros: [longest choice + kernel + slack][H]. */
let padded: usize = 0
/** The result, activated: [rows][H]. */
export let convolved: usize = 0

export function setConvolutionBuffers(paddedRows: usize, convolvedRows: usize): void {
  padded = paddedRows
  convolved = convolvedRows
}

/** x: the states of all tokens -> convolved. Prefixes are empty. */
export function convolve(x: usize, questions: usize, count: i32): void {
  const k = kernelSize * hidden, margin = <usize>(kernelSize >> 1) * stateBytes
  let o = convolved
  for (let i = 0, q = questions; i < count; i++, q = nextQuestion(q)) {
    for (let c = 0; c < choicesOf(q); c++) {
      const n = lengthOf(q, c), bytes = n * stateBytes
      memory.fill(padded, 0, margin)
      memory.copy(padded + margin, x, bytes)
      memory.fill(padded + margin + bytes, 0, margin)
      gemmFloat(padded, stateBytes, convolution, <usize>k * 32, convolutionBias(), o, stateBytes, 32, n, k, hidden, PLAIN)
      activate(o, n * hidden, kernelActivation)
      x += bytes
      o += bytes
    }
  }
}

/** x <- the norm of x + rows of the convolution; m rows. */
export function addConvolution(rows: usize, x: usize, m: i32): void {
  addNorm(rows, x, convolutionBias() + stateBytes, m, hidden, epsilon)
}
