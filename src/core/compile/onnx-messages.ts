// The messages of an ONNX file. Message and field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, IR version 8, opset 17.
import type { StoredType } from './safetensors'
import { MessageWriter } from './protobuf'

/** Name of a tensor in the graph. */
export type Value = string
/** Symbolic dimensions are names: [Q, T, 384]. */
export type Shape = readonly (number | string)[]
/** An integer attribute is given as a bigint, a float as a number. */
export type Attributes = Record<string, number | bigint | readonly bigint[]>

/** TensorProto.DataType, by the names of safetensors and by those of onnxruntime. */
export const DATA_TYPE = {
  ...{ F32: 1, U8: 2, I8: 3, I32: 6, I64: 7, BOOL: 9, F16: 10, BF16: 16 },
  ...{ float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 },
} as const
export type ElementType = Exclude<keyof typeof DATA_TYPE, StoredType>
export const isElementType = (name: string): name is ElementType => Object.hasOwn(DATA_TYPE, name) && name === name.toLowerCase()

const IR_VERSION = 8
/** LayerNormalization came with 17; ReduceMax takes its axes as an attribute up to 17. */
const OPSET = 17
/** Home of MatMulNBits, MatMulIntegerToFloat, Gelu, SkipLayerNormalization: onnxruntime's ContribOperators.md. */
export const MICROSOFT = 'com.microsoft'

export interface Node {
  type: string
  inputs: readonly Value[]
  outputs: readonly Value[]
  attributes: Attributes
  domain: string
}
/** A constant of the graph: bytes in the ONNX file itself, or of a file beside it. */
export interface Initializer {
  name: Value
  type: number
  shape: readonly number[]
  data: Uint8Array | Place
}
export interface Place {
  location: string
  offset: number
  bytes: number
}
/** What a tensor is. */
export interface ValueType {
  type: ElementType
  shape: Shape
}
/** ValueInfoProto of an input or an output, by its name. */
export type ValueInfos = ReadonlyMap<Value, MessageWriter>

/** ModelProto */
export function encodeModel(
  nodes: Iterable<Node>,
  initializers: Iterable<Initializer>,
  inputs: ValueInfos,
  outputs: ValueInfos,
): Uint8Array {
  const graph = new MessageWriter()
  for (const node of nodes) graph.message(1, nodeProto(node))
  graph.string(2, 'pagewise')
  for (const initializer of initializers) graph.message(5, tensorProto(initializer))
  for (const message of inputs.values()) graph.message(11, message)
  for (const message of outputs.values()) graph.message(12, message)
  return new MessageWriter()
    .int(1, IR_VERSION)
    .string(2, 'pagewise')
    .message(7, graph)
    .message(8, new MessageWriter().string(1, '').int(2, OPSET))
    .message(8, new MessageWriter().string(1, MICROSOFT).int(2, 1))
    .finish()
}

/** NodeProto */
function nodeProto({ type, inputs, outputs, attributes, domain }: Node): MessageWriter {
  const proto = new MessageWriter()
  for (const input of inputs) proto.string(1, input)
  for (const output of outputs) proto.string(2, output)
  proto.string(3, outputs[0] ?? '').string(4, type)
  for (const [name, value] of Object.entries(attributes)) proto.message(5, attribute(name, value))
  return proto.string(7, domain)
}

/** AttributeProto; its `type` is FLOAT 1, INT 2 or INTS 7. */
function attribute(name: string, value: Attributes[string]): MessageWriter {
  const proto = new MessageWriter().string(1, name)
  if (typeof value === 'number') return proto.float(2, value).int(20, 1)
  if (typeof value === 'bigint') return proto.int(3, Number(value)).int(20, 2)
  for (const n of value) proto.int(8, Number(n))
  return proto.int(20, 7)
}

/** TensorProto */
function tensorProto({ name, type, shape, data }: Initializer): MessageWriter {
  const proto = new MessageWriter()
  for (const n of shape) proto.int(1, n)
  proto.int(2, type).string(8, name)
  if (data instanceof Uint8Array) return proto.bytes(9, data) // raw_data
  const { location, offset, bytes } = data
  for (const [key, value] of Object.entries({ location, offset, length: bytes })) {
    proto.message(13, new MessageWriter().string(1, key).string(2, String(value))) // external_data: StringStringEntryProto
  }
  return proto.int(14, 1) // data_location: EXTERNAL
}

/** ValueInfoProto > TypeProto > Tensor > TensorShapeProto > Dimension. A value that onnxruntime can tell the type of needs only a name. */
export function valueInfo(name: string, of?: ValueType): MessageWriter {
  const info = new MessageWriter().string(1, name)
  if (!of) return info
  const dimensions = new MessageWriter()
  for (const n of of.shape) dimensions.message(1, typeof n === 'number' ? new MessageWriter().int(1, n) : new MessageWriter().string(2, n))
  const tensor = new MessageWriter().int(1, DATA_TYPE[of.type]).message(2, dimensions)
  return info.message(2, new MessageWriter().message(1, tensor))
}
