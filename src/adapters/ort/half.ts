// Whether a device computes in half precision. WebGPU has it as a feature, shader-f16, and onnxruntime asks for it where the adapter has it; but
// the terminal cannot see the adapter, so a small product is computed, which fails where the feature is missing.
import { FLOAT, FLOAT16, Graph } from '../../core/compile/graph'
import type { Ort, SessionOptions } from './session'

const SIZE = 8

export async function computesInHalf(ort: Ort, options: SessionOptions): Promise<boolean> {
  const graph = new Graph({ file: '', tensors: new Map() })
  const x = graph.op('Cast', [graph.input('x', 'float32', [SIZE, SIZE])], { to: FLOAT16 })
  graph.output('product', graph.op('Cast', [graph.op('MatMul', [x, x])], { to: FLOAT }), [SIZE, SIZE])
  try {
    const session = await ort.InferenceSession.create(graph.encode(), options)
    const { product } = await session.run({ x: new ort.Tensor('float32', new Float32Array(SIZE * SIZE).fill(0.5), [SIZE, SIZE]) })
    await session.release()
    return product?.data[0] === SIZE / 4
  } catch {
    return false
  }
}
