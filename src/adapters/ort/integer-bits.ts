// Whether onnxruntime's products of bytes are exact on this processor. Without the instructions for dot products of bytes (VNNI) it adds two
// products in 16 bits, and what does not fit there becomes the largest number that does.
import { Graph, MICROSOFT } from '../../core/compile/graph'
import type { Ort } from './session'

/** Rows and columns of the weights that are tried: more than one tile of the kernels. */
const SIZE = 64

/** 8 where 255 · 127 + 255 · 127 is right, else 7, with which nothing can overflow. */
export async function findIntegerBits(ort: Ort): Promise<7 | 8> {
  const graph = new Graph({ file: '', tensors: new Map() })
  const codes = graph.op('QuantizeLinear', [graph.input('x', 'float32', [1, SIZE]), graph.floats([1]), graph.bytes('U8', [], [0])])
  const weights = graph.bytes('I8', [SIZE, SIZE], Array<number>(SIZE * SIZE).fill(127))
  graph.output('sums', graph.op('MatMulIntegerToFloat', [codes, weights, graph.floats([1]), graph.floats([1])], {}, MICROSOFT), [1, SIZE])
  const session = await ort.InferenceSession.create(graph.encode(), { executionProviders: ['cpu'], logSeverityLevel: 3 })
  const { sums } = await session.run({ x: new ort.Tensor('float32', new Float32Array(SIZE).fill(255), [1, SIZE]) })
  await session.release()
  return sums?.data[0] === SIZE * 255 * 127 ? 8 : 7
}
