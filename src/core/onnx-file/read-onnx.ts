// What an .onnx file says about itself: its inputs and outputs, what kind of numbers its weights are, and the files that hold them. Weights are
// passed over, so that a file of gigabytes is read in a moment. Message and field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import type { ByteSource } from '../checkpoint/source'
import { PRECISIONS, type Precision } from '../types'
import { WireReader, type Field } from './wire'

/** An input or an output. */
export interface OnnxValue {
  name: string
  /** "int64"; "?" for what is no tensor. */
  type: string
  /** A number where the axis is fixed, else its name ("?" without one); null where the file does not say. */
  shape: (number | string)[] | null
}
export interface OnnxFile {
  irVersion: number
  /** Version of ONNX's own operators. */
  opset: number
  /** Without those that are weights. */
  inputs: OnnxValue[]
  outputs: OnnxValue[]
  /** What most bytes of the weights are. */
  precision: Precision
  /** Files that hold weights, and the bytes that each must have. */
  data: Map<string, number>
}

/** TensorProto.DataType: name, bits of an element, and the precision that it stands for. */
const TYPES: Record<number, [name: string, bits: number, precision: Precision | null]> = {
  1: ['float32', 32, 'fp32'],
  2: ['uint8', 8, 'q8'],
  3: ['int8', 8, 'q8'],
  4: ['uint16', 16, null],
  5: ['int16', 16, null],
  6: ['int32', 32, null],
  7: ['int64', 64, null],
  8: ['string', 0, null],
  9: ['bool', 8, null],
  10: ['float16', 16, 'fp16'],
  11: ['float64', 64, 'fp32'],
  16: ['bfloat16', 16, 'fp16'],
  21: ['uint4', 4, 'q4'],
  22: ['int4', 4, 'q4'],
}

interface Initializer {
  name: string
  type: number
  bits: number
  location: string | null
  dataEnd: number
}

/** Throws checkpoint_damaged, file_unreadable. */
export async function readOnnx(source: ByteSource): Promise<OnnxFile> {
  const wire = new WireReader(source)
  let irVersion = 0
  let opset = 0
  let graph: Field | null = null
  for await (const field of wire.fields()) {
    if (field.number === 1 && field.kind === 'varint') irVersion = field.value
    if (field.number === 7 && field.kind === 'bytes') graph = field
    if (field.number === 8 && field.kind === 'bytes') opset = (await readOpset(wire, field)) ?? opset
  }
  if (!graph || irVersion === 0 || opset === 0) throw wire.damaged('it is not an ONNX file')
  const read = await readGraph(wire, graph)
  const weights = new Set(read.initializers.map(({ name }) => name))
  const data = new Map<string, number>()
  for (const { location, dataEnd } of read.initializers)
    if (location !== null) data.set(location, Math.max(dataEnd, data.get(location) ?? 0))
  // Files of old list weights among the inputs.
  const inputs = read.inputs.filter(({ name }) => !weights.has(name))
  return { irVersion, opset, inputs, outputs: read.outputs, precision: precisionOf(read.initializers, read.hasFourBits), data }
}

/** The version where the operators are ONNX's own. */
async function readOpset(wire: WireReader, { start, end }: Field): Promise<number | null> {
  let domain = ''
  let version = 0
  for await (const field of wire.fields(start, end)) {
    if (field.number === 1) domain = await wire.text(field)
    if (field.number === 2) version = field.value
  }
  return domain === '' || domain === 'ai.onnx' ? version : null
}

interface OnnxGraph {
  initializers: Initializer[]
  inputs: OnnxValue[]
  outputs: OnnxValue[]
  hasFourBits: boolean
}

async function readGraph(wire: WireReader, { start, end }: Field): Promise<OnnxGraph> {
  const graph: OnnxGraph = { initializers: [], inputs: [], outputs: [], hasFourBits: false }
  for await (const field of wire.fields(start, end)) {
    if (field.kind !== 'bytes') continue
    if (field.number === 1) graph.hasFourBits ||= await isFourBits(wire, field)
    if (field.number === 5) graph.initializers.push(await readInitializer(wire, field))
    if (field.number === 11) graph.inputs.push(await readValue(wire, field))
    if (field.number === 12) graph.outputs.push(await readValue(wire, field))
  }
  return graph
}

/** NodeProto: whether it multiplies by weights of 4 bits, which lie in the file as bytes. */
async function isFourBits(wire: WireReader, { start, end }: Field): Promise<boolean> {
  let type = ''
  let bits = 0
  for await (const field of wire.fields(start, end)) {
    if (field.number === 4) type = await wire.text(field)
    if (field.number === 5 && type === 'MatMulNBits') bits = (await readBits(wire, field)) ?? bits
  }
  return type === 'MatMulNBits' && bits === 4
}

/** AttributeProto */
async function readBits(wire: WireReader, { start, end }: Field): Promise<number | null> {
  let name = ''
  let value = 0
  for await (const field of wire.fields(start, end)) {
    if (field.number === 1) name = await wire.text(field)
    if (field.number === 3) value = field.value
  }
  return name === 'bits' ? value : null
}

/** TensorProto */
async function readInitializer(wire: WireReader, { start, end }: Field): Promise<Initializer> {
  const tensor: Initializer = { name: '', type: 0, bits: 0, location: null, dataEnd: 0 }
  let elements = 1
  let [offset, length] = [0, 0]
  for await (const field of wire.fields(start, end)) {
    if (field.number === 1) for (const n of await wire.numbers(field)) elements *= n
    if (field.number === 2) tensor.type = field.value
    if (field.number === 8) tensor.name = await wire.text(field)
    if (field.number !== 13) continue
    const [key, value] = await readEntry(wire, field)
    if (key === 'location') tensor.location = value
    if (key === 'offset') offset = Number(value)
    if (key === 'length') length = Number(value)
  }
  if (!Number.isSafeInteger(offset + length) || offset < 0 || length < 0) throw wire.damaged(`${tensor.name} has no place`)
  tensor.bits = elements * (TYPES[tensor.type]?.[1] ?? 0)
  tensor.dataEnd = offset + length
  return tensor
}

/** StringStringEntryProto */
async function readEntry(wire: WireReader, { start, end }: Field): Promise<[key: string, value: string]> {
  const entry: [string, string] = ['', '']
  for await (const field of wire.fields(start, end))
    if (field.number === 1 || field.number === 2) entry[field.number - 1] = await wire.text(field)
  return entry
}

/** ValueInfoProto > TypeProto > Tensor > TensorShapeProto > Dimension */
async function readValue(wire: WireReader, { start, end }: Field): Promise<OnnxValue> {
  const value: OnnxValue = { name: '', type: '?', shape: null }
  for await (const field of wire.fields(start, end)) {
    if (field.number === 1) value.name = await wire.text(field)
    if (field.number !== 2) continue
    for await (const type of wire.fields(field.start, field.end)) {
      if (type.number !== 1) continue
      for await (const part of wire.fields(type.start, type.end)) {
        if (part.number === 1) value.type = TYPES[part.value]?.[0] ?? `type ${part.value}`
        if (part.number === 2) value.shape = await readShape(wire, part)
      }
    }
  }
  return value
}

async function readShape(wire: WireReader, { start, end }: Field): Promise<(number | string)[]> {
  const shape: (number | string)[] = []
  for await (const field of wire.fields(start, end)) {
    if (field.number !== 1) continue
    let size: number | string = '?'
    for await (const part of wire.fields(field.start, field.end)) {
      if (part.number === 1) size = part.value
      if (part.number === 2) size = (await wire.text(part)) || '?'
    }
    shape.push(size)
  }
  return shape
}

function precisionOf(initializers: readonly Initializer[], hasFourBits: boolean): Precision {
  const bits: Record<Precision, number> = { fp32: 0, fp16: 0, q8: 0, q4: 0 }
  for (const tensor of initializers) {
    const precision = TYPES[tensor.type]?.[2]
    if (precision) bits[precision === 'q8' && hasFourBits ? 'q4' : precision] += tensor.bits
  }
  return PRECISIONS.reduce<Precision>((most, precision) => (bits[precision] > bits[most] ? precision : most), 'fp32')
}
