// Small ONNX files for tests, field by field.
import { MessageWriter } from '../../src/core/compile/protobuf'

export interface Value {
  name: string
  /** TensorProto.DataType */
  type?: number
  shape?: (number | string)[] | null
}
export interface Tensor {
  name: string
  type: number
  dims: number[]
  bytes?: Uint8Array
  external?: Record<string, string>
}
export interface Parts {
  ir?: number
  opsets?: [domain: string, version: number][]
  inputs?: Value[]
  outputs?: Value[]
  tensors?: Tensor[]
  /** Operators, with an integer attribute each. */
  nodes?: [type: string, attribute: string, value: number][]
}

export const INT64 = 7
const BATCH = ['batch', 'choices', 'sequence']
/** What transformers asks for. */
export const usual = (axes: (number | string)[] = BATCH): Value[] => ['input_ids', 'attention_mask'].map((name) => ({ name, shape: axes }))

export function buildOnnx({
  ir = 8,
  opsets = [['', 17]],
  inputs = usual(),
  outputs = [{ name: 'logits', type: 1, shape: ['batch', 'choices'] }],
  tensors = [],
  nodes = [],
}: Parts = {}): Uint8Array<ArrayBuffer> {
  const graph = new MessageWriter()
  for (const [type, attribute, value] of nodes)
    graph.message(1, new MessageWriter().string(4, type).message(5, new MessageWriter().string(1, attribute).int(3, value).int(20, 2)))
  for (const tensor of tensors) graph.message(5, tensorProto(tensor))
  for (const value of inputs) graph.message(11, valueInfo({ type: INT64, ...value }))
  for (const value of outputs) graph.message(12, valueInfo(value))
  const model = new MessageWriter().int(1, ir).message(7, graph)
  for (const [domain, version] of opsets) model.message(8, new MessageWriter().string(1, domain).int(2, version))
  return model.finish().slice()
}

function valueInfo({ name, type = 1, shape = null }: Value): MessageWriter {
  const tensor = new MessageWriter().int(1, type)
  if (shape) {
    const axes = new MessageWriter()
    for (const axis of shape)
      axes.message(1, typeof axis === 'number' ? new MessageWriter().int(1, axis) : new MessageWriter().string(2, axis))
    tensor.message(2, axes)
  }
  return new MessageWriter().string(1, name).message(2, new MessageWriter().message(1, tensor))
}

function tensorProto({ name, type, dims, bytes, external }: Tensor): MessageWriter {
  const proto = new MessageWriter()
  for (const n of dims) proto.int(1, n)
  proto.int(2, type).string(8, name)
  if (bytes) proto.bytes(9, bytes)
  for (const [key, value] of Object.entries(external ?? {})) proto.message(13, new MessageWriter().string(1, key).string(2, value))
  if (external) proto.int(14, 1)
  return proto
}
