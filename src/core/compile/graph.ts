// Builds an ONNX model node by node. Weights are not copied: a stored tensor becomes an initializer that points into the weight file
// (ONNX "external data"). Message and field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, IR version 8, opset 17.
import { MessageWriter } from './protobuf'
import type { Safetensors, StoredTensor, StoredType } from './safetensors'

/** Name of a tensor in the graph. */
export type Value = string
/** Symbolic dimensions are names: [Q, T, 384]. */
export type Shape = readonly (number | string)[]
/** An integer attribute is given as a bigint, a float as a number. */
export type Attributes = Record<string, number | bigint | readonly bigint[]>
/** For linear layers that compute in integers (integers.ts). */
export interface Integers {
  /** The whole weight file. */
  file: Uint8Array
  weightBits: 7 | 8
}
export type ElementType = 'float32' | 'int32' | 'int64'

/** TensorProto.DataType */
const DATA_TYPE = { F32: 1, U8: 2, I8: 3, I32: 6, I64: 7, BOOL: 9, F16: 10, BF16: 16, float32: 1, int32: 6, int64: 7 } as const
export const FLOAT = BigInt(DATA_TYPE.float32)
const IR_VERSION = 8
/** LayerNormalization came with 17; ReduceMax takes its axes as an attribute up to 17. */
const OPSET = 17
/** Home of MatMulNBits, MatMulIntegerToFloat, Gelu, SkipLayerNormalization: onnxruntime's ContribOperators.md. */
export const MICROSOFT = 'com.microsoft'

export class Graph {
  readonly #nodes: MessageWriter[] = []
  readonly #initializers: MessageWriter[] = []
  readonly #inputs: MessageWriter[] = []
  readonly #outputs: MessageWriter[] = []
  readonly #made = new Map<string, Value>()
  /** What `made` was given: files that initializers point into, beside the weight file. */
  readonly external: { path: string; data: Uint8Array }[] = []
  #count = 0

  constructor(
    readonly weights: Safetensors,
    readonly integers: Integers | null = null,
  ) {}

  get nodeCount(): number {
    return this.#nodes.length
  }

  input(name: Value, type: ElementType, shape: Shape): Value {
    this.#inputs.push(valueInfo(name, type, shape))
    return name
  }

  /** Makes `value` the graph's output `name`. */
  output(name: Value, value: Value, shape: Shape): void {
    this.#nodes.push(node('Identity', [value], [name], {}, ''))
    this.#outputs.push(valueInfo(name, 'float32', shape))
  }

  /** A one-output node. An input that is left out is ''. `domain` is '' for ONNX's own operators. */
  op(type: string, inputs: Value[], attributes: Attributes = {}, domain = ''): Value {
    const output = `${type}_${String(this.#count++)}`
    this.#nodes.push(node(type, inputs, [output], attributes, domain))
    return output
  }

  /** int64 constant of one dimension, as shapes, axes and bounds need it. */
  ints(...values: number[]): Value {
    return this.#constant(DATA_TYPE.int64, [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer))
  }

  /** float32 constant; without a shape a scalar. */
  floats(values: readonly number[], shape: readonly number[] = []): Value {
    return this.#constant(DATA_TYPE.float32, shape, new Uint8Array(Float32Array.from(values).buffer))
  }

  /** Constant of bytes. */
  bytes(type: 'U8' | 'I8', shape: readonly number[], values: readonly number[]): Value {
    return this.#constant(DATA_TYPE[type], shape, Uint8Array.from(values))
  }

  /** A tensor of the weight file as it is stored; `shape` reads the same bytes differently. */
  stored(name: string, tensor: StoredTensor, shape: readonly number[] = tensor.shape): Value {
    return this.once(name, () => this.#external(name, tensor.type, shape, this.weights.file, tensor.offset, tensor.bytes))
  }

  /** A tensor that was made from weights; it is handed to onnxruntime as a file of its own. `name` may be used once. */
  made(name: string, type: StoredType, shape: readonly number[], data: Uint8Array): Value {
    this.external.push({ path: name, data })
    return this.#external(name, type, shape, name, 0, data.length)
  }

  /** What `make` gave when `key` was first asked for: weights that several nodes share. */
  once(key: string, make: () => Value): Value {
    const value = this.#made.get(key) ?? make()
    this.#made.set(key, value)
    return value
  }

  /** ModelProto */
  encode(): Uint8Array {
    const graph = new MessageWriter()
    for (const message of this.#nodes) graph.message(1, message)
    graph.string(2, 'pagewise')
    for (const message of this.#initializers) graph.message(5, message)
    for (const message of this.#inputs) graph.message(11, message)
    for (const message of this.#outputs) graph.message(12, message)
    return new MessageWriter()
      .int(1, IR_VERSION)
      .string(2, 'pagewise')
      .message(7, graph)
      .message(8, new MessageWriter().string(1, '').int(2, OPSET))
      .message(8, new MessageWriter().string(1, MICROSOFT).int(2, 1))
      .finish()
  }

  #external(name: string, type: StoredType, shape: readonly number[], location: string, offset: number, length: number): Value {
    const proto = tensorProto(name, DATA_TYPE[type], shape)
    for (const [key, value] of Object.entries({ location, offset, length })) {
      proto.message(13, new MessageWriter().string(1, key).string(2, String(value))) // external_data: StringStringEntryProto
    }
    this.#initializers.push(proto.int(14, 1)) // data_location: EXTERNAL
    return name
  }

  #constant(type: number, shape: readonly number[], bytes: Uint8Array): Value {
    const name = `constant_${String(this.#count++)}`
    this.#initializers.push(tensorProto(name, type, shape).bytes(9, bytes)) // raw_data
    return name
  }
}

/** NodeProto */
function node(type: string, inputs: Value[], outputs: Value[], attributes: Attributes, domain: string): MessageWriter {
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

/** TensorProto without its data */
function tensorProto(name: string, type: number, shape: readonly number[]): MessageWriter {
  const proto = new MessageWriter()
  for (const n of shape) proto.int(1, n)
  return proto.int(2, type).string(8, name)
}

/** ValueInfoProto > TypeProto > Tensor > TensorShapeProto > Dimension */
function valueInfo(name: string, type: ElementType, shape: Shape): MessageWriter {
  const dimensions = new MessageWriter()
  for (const n of shape) dimensions.message(1, typeof n === 'number' ? new MessageWriter().int(1, n) : new MessageWriter().string(2, n))
  const tensor = new MessageWriter().int(1, DATA_TYPE[type]).message(2, dimensions)
  return new MessageWriter().string(1, name).message(2, new MessageWriter().message(1, tensor))
}
