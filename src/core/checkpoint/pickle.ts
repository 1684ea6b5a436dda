// The list of tensors of a PyTorch file (data.pkl), a pickle. A pickle is a program that may call anything in Python; this reader runs none of
// it. It knows the opcodes that torch.save writes for a dictionary of tensors and the few names those need; anything else is refused by name.
// Opcodes: Python's pickletools. The tensors: torch/_utils.py, _rebuild_tensor_v2.
import { AppError } from '../errors'
import { damaged } from './source'

/** A tensor: where its numbers lie in a storage, in elements. */
export interface PickledTensor {
  kind: 'tensor'
  storage: Storage
  offset: number
  shape: number[]
  strides: number[]
}
interface Storage {
  kind: 'storage'
  /** "FloatStorage" */
  type: string
  /** Name of the entry under data/. */
  key: string
}
interface Global {
  kind: 'global'
  name: string
}
type Value = null | boolean | number | string | Value[] | Map<Value, Value> | Global | Storage | PickledTensor

const STORAGES = ['Float', 'Half', 'BFloat16', 'Double', 'Long', 'Int', 'Short', 'Char', 'Byte', 'Bool'].map(
  (type) => `torch ${type}Storage`,
)
const DICTIONARY = 'collections OrderedDict'
const TENSOR = 'torch._utils _rebuild_tensor_v2'
const PARAMETER = 'torch._utils _rebuild_parameter'
const KNOWN = new Set([...STORAGES, DICTIONARY, TENSOR, PARAMETER])

/** The named tensors of a pickle. Throws checkpoint_pickle (it holds something else), checkpoint_damaged. */
export function readTensorPickle(file: string, bytes: Uint8Array): Map<string, PickledTensor> {
  const value = new Reader(file, bytes).read()
  if (!(value instanceof Map)) throw foreign(file, 'something other than a dictionary')
  const tensors = new Map<string, PickledTensor>()
  for (const [name, tensor] of value) {
    if (typeof name !== 'string') throw foreign(file, 'a name that is no text')
    if (!isKind(tensor, 'tensor')) throw foreign(file, `“${name}”, which is no tensor`)
    tensors.set(name, tensor)
  }
  return tensors
}

/** What a file spells is shown without what is no text. */
const foreign = (file: string, what: string): AppError =>
  new AppError('checkpoint_pickle', { file, what: what.replace(/[^\p{L}\p{N} _.,:;'“”()-]/gu, '?').slice(0, 120) })

type Kinds = Global | Storage | PickledTensor
function isKind<K extends Kinds['kind']>(value: Value | undefined, kind: K): value is Extract<Kinds, { kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}
const isCounts = (value: Value | undefined): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0)

class Reader {
  #at = 0
  readonly #view: DataView
  readonly #stack: Value[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, Value>()

  constructor(
    readonly file: string,
    readonly bytes: Uint8Array,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  read(): Value {
    for (;;) {
      const at = this.#at
      const opcode = this.#byte()
      if (opcode === 0x2e) return this.#pop()
      if (!this.#step(opcode)) throw foreign(this.file, `the pickle opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${at}`)
    }
  }

  /** One opcode; false for one that tensors do not need. */
  #step(opcode: number): boolean {
    const stack = this.#stack
    switch (opcode) {
      case 0x80: // PROTO
        this.#byte()
        return true
      case 0x95: // FRAME
        this.#take(8)
        return true
      case 0x28: // MARK
        this.#marks.push(stack.length)
        return true
      case 0x4e: // NONE
        return this.#push(null)
      case 0x88: // NEWTRUE
        return this.#push(true)
      case 0x89: // NEWFALSE
        return this.#push(false)
      case 0x4b: // BININT1
        return this.#push(this.#byte())
      case 0x4d: // BININT2
        return this.#push(this.#view.getUint16(this.#take(2), true))
      case 0x4a: // BININT
        return this.#push(this.#view.getInt32(this.#take(4), true))
      case 0x8a: // LONG1
        return this.#push(this.#long())
      case 0x47: // BINFLOAT
        return this.#push(this.#view.getFloat64(this.#take(8)))
      case 0x58: // BINUNICODE
        return this.#push(this.#text(this.#view.getUint32(this.#take(4), true)))
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#text(this.#byte()))
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map())
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        return this.#push([])
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87: {
        const items = Array.from({ length: opcode - 0x84 }, () => this.#pop()).reverse()
        return this.#push(items)
      }
      case 0x74: // TUPLE
        return this.#push(this.#popMark())
      case 0x71: // BINPUT
        return this.#remember(this.#byte())
      case 0x72: // LONG_BINPUT
        return this.#remember(this.#view.getUint32(this.#take(4), true))
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.size)
      case 0x68: // BINGET
        return this.#recall(this.#byte())
      case 0x6a: // LONG_BINGET
        return this.#recall(this.#view.getUint32(this.#take(4), true))
      case 0x73: // SETITEM
        return this.#setItems([this.#pop(), this.#pop()].reverse())
      case 0x75: // SETITEMS
        return this.#setItems(this.#popMark())
      case 0x63: // GLOBAL
        return this.#global(`${this.#line()} ${this.#line()}`)
      case 0x93: {
        // STACK_GLOBAL
        const [name, module] = [this.#pop(), this.#pop()]
        if (typeof name !== 'string' || typeof module !== 'string') throw foreign(this.file, 'a name that is no text')
        return this.#global(`${module} ${name}`)
      }
      case 0x51: // BINPERSID
        return this.#storage(this.#pop())
      case 0x52: // REDUCE
        return this.#call()
      case 0x62: // BUILD: attributes of the dictionary (_metadata), which tensors do not need
        this.#pop()
        if (!(stack.at(-1) instanceof Map)) throw foreign(this.file, 'an object with attributes')
        return true
      default:
        return false
    }
  }

  #call(): boolean {
    const args = this.#pop()
    const callee = this.#pop()
    const name = isKind(callee, 'global') ? callee.name : 'no function'
    if (!Array.isArray(args)) throw this.#cutShort()
    if (name === DICTIONARY && args.length === 0) return this.#push(new Map())
    if (name === PARAMETER && isKind(args[0], 'tensor')) return this.#push(args[0])
    const [storage, offset, shape, strides] = args
    if (name !== TENSOR || !isKind(storage, 'storage') || !isCounts([offset ?? null]) || !isCounts(shape) || !isCounts(strides))
      throw foreign(this.file, `a call of ${name}`)
    if (shape.length !== strides.length) throw this.#cutShort()
    return this.#push({ kind: 'tensor', storage, offset: offset as number, shape, strides })
  }

  /** ('storage', torch.FloatStorage, key, device, elements) */
  #storage(id: Value): boolean {
    const [tag, type, key] = Array.isArray(id) ? id : []
    if (tag !== 'storage' || !isKind(type, 'global') || !STORAGES.includes(type.name) || typeof key !== 'string')
      throw foreign(this.file, 'a reference to something other than a storage')
    return this.#push({ kind: 'storage', type: type.name.slice('torch '.length), key })
  }

  #global(name: string): boolean {
    if (!KNOWN.has(name)) throw foreign(this.file, `the Python name ${name.replace(' ', '.')}`)
    return this.#push({ kind: 'global', name })
  }

  #setItems(items: Value[]): boolean {
    const target = this.#stack.at(-1)
    if (!(target instanceof Map) || items.length % 2 !== 0) throw this.#cutShort()
    for (let i = 0; i < items.length; i += 2) target.set(items[i]!, items[i + 1]!)
    return true
  }

  #long(): number {
    const length = this.#byte()
    const start = this.#take(length)
    if (length > 8) throw foreign(this.file, `a number of ${length} bytes`)
    let value = 0n
    for (let i = 0; i < length; i++) value |= BigInt(this.bytes[start + i]!) << BigInt(8 * i)
    return Number(BigInt.asIntN(8 * length, value))
  }

  #text(length: number): string {
    const start = this.#take(length)
    return new TextDecoder().decode(this.bytes.subarray(start, start + length))
  }

  #line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at)
    if (end < 0) throw this.#cutShort()
    const text = this.#text(end - this.#at)
    this.#at++
    return text
  }

  #push(value: Value): true {
    this.#stack.push(value)
    return true
  }
  #pop(): Value {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.pop() : undefined
    if (value === undefined) throw this.#cutShort()
    return value
  }
  #popMark(): Value[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw this.#cutShort()
    return this.#stack.splice(mark)
  }
  #remember(index: number): true {
    const value = this.#stack.at(-1)
    if (value === undefined) throw this.#cutShort()
    this.#memo.set(index, value)
    return true
  }
  #recall(index: number): true {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.#cutShort()
    return this.#push(value)
  }
  #byte(): number {
    return this.bytes[this.#take(1)]!
  }
  #take(length: number): number {
    const start = this.#at
    if (start + length > this.bytes.length) throw this.#cutShort()
    this.#at += length
    return start
  }
  #cutShort(): AppError {
    return damaged(this.file, 'its list of tensors is cut short or damaged')
  }
}
