// One onnxruntime session: feeds in, logits out. The same for onnxruntime-web and onnxruntime-node, which share an interface.
import type * as OrtModule from 'onnxruntime-web'
import { halfToFloat } from '../../core/checkpoint/numbers'
import type { Feeds } from '../../core/compile'

export type Ort = Pick<typeof OrtModule, 'InferenceSession' | 'Tensor'>
export type SessionOptions = OrtModule.InferenceSession.SessionOptions

export interface Session {
  /** The graph's logits, row by row. */
  run(feeds: Feeds): Promise<Float32Array>
  release(): Promise<void>
}

/** A graph, and where it is fed from. */
export interface GraphFile {
  onnx: Uint8Array
  /** The files that its initializers point into. */
  external: { path: string; data: Uint8Array }[]
  /** The name of its output that holds the logits, of float32 or float16. */
  output: string
}

export async function openSession(ort: Ort, { onnx, external, output }: GraphFile, options: SessionOptions): Promise<Session> {
  const session = await ort.InferenceSession.create(onnx, { ...options, externalData: external })
  return {
    async run(feeds) {
      const tensors: Record<string, OrtModule.Tensor> = {}
      for (const [name, { data, shape }] of Object.entries(feeds)) tensors[name] = toTensor(ort, data, shape)
      const logits = (await session.run(tensors, [output]))[output]
      if (logits?.data instanceof Float32Array) return logits.data
      // Where JavaScript has no array of halves the tensor holds their bits.
      if (logits?.type === 'float16')
        return Float32Array.from(logits.data as Uint16Array, logits.data instanceof Uint16Array ? halfToFloat : Number)
      throw new Error('internal: the graph gave no logits')
    },
    release: () => session.release(),
  }
}

export function toTensor(ort: Ort, data: Feeds[string]['data'], shape: number[]): OrtModule.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape)
  return data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('int64', data, shape)
}
