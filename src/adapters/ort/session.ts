// One onnxruntime session: feeds in, logits out. The same for onnxruntime-web and onnxruntime-node, which share an interface.
import type * as OrtModule from 'onnxruntime-web'
import type { Feeds } from '../../core/compile'

export type Ort = Pick<typeof OrtModule, 'InferenceSession' | 'Tensor'>
export type SessionOptions = OrtModule.InferenceSession.SessionOptions

export interface Session {
  /** The graph's output `logits`, row by row. */
  run(feeds: Feeds): Promise<Float32Array>
  release(): Promise<void>
}

/** `weights` are the bytes of the file `location` that the graph's initializers point into. */
export async function openSession(
  ort: Ort,
  onnx: Uint8Array,
  location: string,
  weights: Uint8Array,
  options: SessionOptions,
): Promise<Session> {
  const session = await ort.InferenceSession.create(onnx, { ...options, externalData: [{ path: location, data: weights }] })
  return {
    async run(feeds) {
      const tensors: Record<string, OrtModule.Tensor> = {}
      for (const [name, { data, shape }] of Object.entries(feeds)) tensors[name] = toTensor(ort, data, shape)
      const { logits } = await session.run(tensors)
      if (!(logits?.data instanceof Float32Array)) throw new Error('internal: the graph gave no float32 logits')
      return logits.data
    },
    release: () => session.release(),
  }
}

function toTensor(ort: Ort, data: Feeds[string]['data'], shape: number[]): OrtModule.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape)
  return data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('int64', data, shape)
}
