// The header of a safetensors file: which tensor lies where. Everything that a damaged or hostile file could get wrong is checked here,
// so that nobody after it reads outside the file. Format: https://huggingface.co/docs/safetensors (8 bytes of length, little-endian;
// that much JSON; the data, without holes or overlaps).
import { show } from '../check'
import { AppError } from '../errors'

/** Bytes of one element. Types that the format knows and Pagewise has no use for are left out. */
const ELEMENT_BYTES = { F32: 4, F16: 2, BF16: 2, I8: 1, U8: 1, I32: 4, I64: 8, BOOL: 1 } as const
export type StoredType = keyof typeof ELEMENT_BYTES

export interface StoredTensor {
  type: StoredType
  shape: number[]
  /** Where its bytes lie, counted from the beginning of the file. */
  offset: number
  bytes: number
}
export interface Safetensors {
  /** The file's name: external data refer to it. */
  file: string
  tensors: Map<string, StoredTensor>
}

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000

/** Bytes from the beginning of the file up to the end of its header. `start`: the first 8 bytes or more. Throws weights_damaged. */
export function headerEnd(file: string, start: Uint8Array): number {
  if (start.length < 8) throw damaged(file, `it has ${String(start.length)} bytes, fewer than a header`)
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
  const length = Number(view.getBigUint64(0, true))
  if (length > MAX_HEADER_BYTES) throw damaged(file, `its header claims ${String(length)} bytes`)
  return 8 + length
}

/** `start`: the file's bytes up to its header's end or further; `fileBytes`: the size of the whole file. Throws weights_damaged. */
export function readSafetensors(file: string, start: Uint8Array, fileBytes: number): Safetensors {
  const end = headerEnd(file, start)
  if (end > fileBytes) throw damaged(file, `its header claims ${String(end - 8)} bytes, but the file has ${String(fileBytes)}`)
  if (end > start.length) throw new Error(`internal: ${String(start.length)} of ${String(end)} header bytes given`)
  const header = parseJson(file, start.subarray(8, end))
  const tensors = new Map<string, StoredTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name !== '__metadata__') tensors.set(name, readTensor(file, name, entry, end))
  }
  checkLayout(file, tensors, end, fileBytes)
  return { file, tensors }
}

function parseJson(file: string, bytes: Uint8Array): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw damaged(file, 'its header is not JSON')
  }
  if (!isRecord(header)) throw damaged(file, 'its header is not a JSON object')
  return header
}

function readTensor(file: string, name: string, entry: unknown, dataStart: number): StoredTensor {
  if (!isRecord(entry)) throw damaged(file, `${name} is not described by an object`)
  const { dtype, shape, data_offsets: offsets } = entry
  if (!isStoredType(dtype)) throw damaged(file, `${name} has the unknown type ${typeof dtype === 'string' ? dtype : show(dtype)}`)
  if (!isCounts(shape)) throw damaged(file, `${name} has no usable shape`)
  if (!isCounts(offsets) || offsets.length !== 2) throw damaged(file, `${name} has no usable offsets`)
  const [from, to] = offsets as [number, number]
  const bytes = shape.reduce((product, n) => product * n, ELEMENT_BYTES[dtype])
  if (to - from !== bytes) throw damaged(file, `${name} spans ${String(to - from)} bytes, its shape needs ${String(bytes)}`)
  return { type: dtype, shape, offset: dataStart + from, bytes }
}

/** Tensors follow each other without holes or overlaps up to the end of the file. */
function checkLayout(file: string, tensors: Map<string, StoredTensor>, dataStart: number, fileBytes: number): void {
  let end = dataStart
  for (const [name, tensor] of [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (tensor.offset < end) throw damaged(file, `${name} overlaps the tensor before it`)
    if (tensor.offset > end) throw damaged(file, `there is a hole before ${name}`)
    end += tensor.bytes
  }
  if (end !== fileBytes) throw damaged(file, `its tensors end at byte ${String(end)}, the file at ${String(fileBytes)}`)
}

const damaged = (file: string, reason: string) => new AppError('weights_damaged', { file, reason })
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isStoredType = (value: unknown): value is StoredType => typeof value === 'string' && Object.hasOwn(ELEMENT_BYTES, value)
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0)
