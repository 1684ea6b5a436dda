// Builds an ONNX model node by node. Weights are not copied: a stored tensor becomes an initializer that points into the weight file
// (ONNX "external data"). Nodes stand in the order in which they can be computed.
import {
  DATA_TYPE,
  encodeModel,
  valueInfo,
  type Attributes,
  type ElementType,
  type Initializer,
  type Node,
  type Shape,
  type Value,
} from './onnx-messages'
import type { MessageWriter } from './protobuf'
import type { Safetensors, StoredTensor, StoredType } from './safetensors'

export { MICROSOFT } from './onnx-messages'
export type { Attributes, Shape, Value } from './onnx-messages'

/** What becomes of weights in blocks on a CPU; elsewhere they stay as they are. `file`: the whole weight file. */
export type Repacking = Integers | Widened
/** Linear layers compute in integers (integers.ts). */
export interface Integers {
  file: Uint8Array
  weightBits: 7 | 8
}
/** They compute with weights that were widened to float32 (blocks.ts). */
export interface Widened {
  file: Uint8Array
  weightBits: 32
}
export const FLOAT = BigInt(DATA_TYPE.float32)
export const FLOAT16 = BigInt(DATA_TYPE.float16)

export class Graph {
  readonly nodes: Node[] = []
  readonly initializers = new Map<Value, Initializer>()
  readonly #inputs = new Map<Value, MessageWriter>()
  readonly #outputs = new Map<Value, MessageWriter>()
  readonly #made = new Map<string, Value>()
  /** What `made` was given: files that initializers point into, beside the weight file. */
  readonly external: { path: string; data: Uint8Array }[] = []
  #count = 0

  constructor(
    readonly weights: Safetensors,
    public repacking: Repacking | null = null,
  ) {}

  /** Names of what it gives. */
  get outputs(): Value[] {
    return [...this.#outputs.keys()]
  }

  input(name: Value, type: ElementType, shape: Shape): Value {
    this.#inputs.set(name, valueInfo(name, { type, shape }))
    return name
  }

  /** Makes `value` the graph's output `name`. */
  output(name: Value, value: Value, shape: Shape): void {
    this.nodes.push({ type: 'Identity', inputs: [value], outputs: [name], attributes: {}, domain: '' })
    this.#outputs.set(name, valueInfo(name, { type: 'float32', shape }))
  }

  /** A one-output node. An input that is left out is ''. `domain` is '' for ONNX's own operators. */
  op(type: string, inputs: Value[], attributes: Attributes = {}, domain = ''): Value {
    const output = `${type}_${String(this.#count++)}`
    this.nodes.push({ type, inputs, outputs: [output], attributes, domain })
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

  /** The files beside the weight file. The graph may live on in what feeds it, so it lets go of all weights. */
  takeExternal(): { path: string; data: Uint8Array }[] {
    this.repacking = null
    return this.external.splice(0)
  }

  /** What `make` gave when `key` was first asked for: weights that several nodes share. */
  once(key: string, make: () => Value): Value {
    const value = this.#made.get(key) ?? make()
    this.#made.set(key, value)
    return value
  }

  /** ModelProto */
  encode(): Uint8Array {
    return encodeModel(this.nodes, this.initializers.values(), this.#inputs, this.#outputs)
  }

  #external(name: string, type: StoredType, shape: readonly number[], location: string, offset: number, bytes: number): Value {
    this.initializers.set(name, { name, type: DATA_TYPE[type], shape, data: { location, offset, bytes } })
    return name
  }

  #constant(type: number, shape: readonly number[], data: Uint8Array): Value {
    const name = `constant_${String(this.#count++)}`
    this.initializers.set(name, { name, type, shape, data })
    return name
  }
}
