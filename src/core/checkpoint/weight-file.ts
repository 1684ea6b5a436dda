// A weight file of a precision: its layout is decided from the names and shapes alone, then its bytes are made tensor by tensor, in the order
// in which the model uses them, so that a reader can unpack while they arrive. A scale stands before its weight; single numbers come last, which
// keeps the others aligned. No more than one large tensor's worth of numbers is held at a time.
import { AppError } from '../errors'
import type { Precision } from '../types'
import type { ExpectedTensor } from './blueprint'
import { floatToHalf, halfToFloat } from './numbers'
import { BLOCK, blockCodes, rowCodes, scalesOf } from './quantize'
import { elementsOf, readFloats, type TensorSource } from './tensor-source'

export interface Weight {
  expected: ExpectedTensor
  source: TensorSource
}
interface WrittenTensor {
  name: string
  type: 'F32' | 'F16' | 'U8' | 'I8'
  shape: readonly number[]
}
const BYTES = { F32: 4, F16: 2, U8: 1, I8: 1 }
/** Numbers read at a time; a tensor of more is read in pieces of whole rows, a quantized one twice. */
const MOST_NUMBERS = 8 * 1024 * 1024

/** How a tensor is kept in a precision. */
type Storage = { kind: 'floats'; type: 'F32' | 'F16' } | { kind: 'blocks'; bits: 4 | 8 } | { kind: 'rows' }
function storageOf({ role, shape }: ExpectedTensor, precision: Precision): Storage {
  if (precision === 'fp32') return { kind: 'floats', type: 'F32' }
  if (precision !== 'fp16' && role === 'words') return { kind: 'rows' }
  if (precision !== 'fp16' && role === 'linear' && shape[1]! % BLOCK === 0) return { kind: 'blocks', bits: precision === 'q4' ? 4 : 8 }
  return { kind: 'floats', type: 'F16' }
}

function written({ name, shape }: ExpectedTensor, storage: Storage): WrittenTensor[] {
  if (storage.kind === 'floats') return [{ name, type: storage.type, shape }]
  const [rows, width] = shape as [number, number]
  const scales = { name: `${name}.scales`, type: 'F16' } as const
  if (storage.kind === 'rows')
    return [
      { ...scales, shape: [rows] },
      { name, type: 'I8', shape },
    ]
  return [
    { ...scales, shape: [rows, width / BLOCK] },
    { name, type: 'U8', shape: [rows, (width * storage.bits) / 8] },
  ]
}

/** The safetensors header of the file, and the size of the whole. */
export function planWeightFile(weights: readonly Weight[], precision: Precision): { header: Uint8Array; bytes: number; order: Weight[] } {
  const isSingle = ({ expected }: Weight): boolean => elementsOf(expected.shape) === 1
  const order = [...weights.filter((weight) => !isSingle(weight)), ...weights.filter(isSingle)]
  const entries: Record<string, unknown> = {}
  let end = 0
  for (const { expected } of order) {
    for (const { name, type, shape } of written(expected, storageOf(expected, precision))) {
      const start = end
      end += elementsOf(shape) * BYTES[type]
      entries[name] = { dtype: type, shape, data_offsets: [start, end] }
    }
  }
  const text = new TextEncoder().encode(JSON.stringify(entries))
  const header = new Uint8Array(Math.ceil((8 + text.length) / 64) * 64).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true)
  header.set(text, 8)
  return { header, bytes: header.length + end, order }
}

/** The bytes of a tensor, its scales first. Throws checkpoint_value, checkpoint_damaged, file_unreadable. */
export async function* weightBytes({ expected, source }: Weight, precision: Precision): AsyncGenerator<Uint8Array> {
  const storage = storageOf(expected, precision)
  const { name } = expected
  if (storage.kind === 'floats') {
    for await (const values of pieces(expected, source))
      yield storage.type === 'F32' ? bytesOf(checked(name, values)) : bytesOf(toHalves(name, values))
    return
  }
  const group = storage.kind === 'rows' ? expected.shape[1]! : BLOCK
  const bits = storage.kind === 'rows' ? 8 : storage.bits
  const isHeld = elementsOf(expected.shape) <= MOST_NUMBERS
  const held: Float32Array[] = []
  const scales: Uint16Array[] = []
  for await (const values of pieces(expected, source)) {
    if (isHeld) held.push(values)
    scales.push(finiteScales(name, scalesOf(checked(name, values), group, bits), precision))
    yield bytesOf(scales.at(-1)!)
  }
  let at = 0
  for await (const values of isHeld ? held : pieces(expected, source)) {
    const own = scales[at++]!
    yield storage.kind === 'rows' ? bytesOf(rowCodes(values, own, group)) : blockCodes(values, own, storage.bits)
  }
}

/** Whole rows, at most MOST_NUMBERS numbers at a time. */
async function* pieces({ shape }: ExpectedTensor, source: TensorSource): AsyncGenerator<Float32Array> {
  const total = elementsOf(shape)
  const row = total / (shape[0] ?? 1)
  const step = total <= MOST_NUMBERS ? total : Math.max(1, Math.floor(MOST_NUMBERS / 8 / row)) * row
  for (let from = 0; from < total; from += step) yield await readFloats(source, from, Math.min(step, total - from))
}

function checked(name: string, values: Float32Array): Float32Array {
  for (const value of values) {
    if (!Number.isFinite(value)) throw refused(name, value, 'any precision', 'The checkpoint was not saved whole, or its training failed.')
  }
  return values
}

function toHalves(name: string, values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const half = floatToHalf(values[i]!)
    if ((half & 0x7c00) === 0x7c00) {
      checked(name, values)
      throw refused(name, values[i]!, 'fp16', 'Choose fp32.')
    }
    halves[i] = half
  }
  return halves
}

function finiteScales(name: string, scales: Uint16Array, precision: Precision): Uint16Array {
  const bad = scales.find((scale) => (scale & 0x7c00) === 0x7c00)
  if (bad !== undefined) throw refused(name, halfToFloat(bad), precision, 'Choose fp32.')
  return scales
}

const refused = (tensor: string, value: number, precision: string, hint: string): AppError =>
  new AppError('checkpoint_value', { tensor, value: String(value), precision, hint })
const bytesOf = (values: Float32Array | Uint16Array | Int8Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
