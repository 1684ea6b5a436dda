// Word, position and type embeddings are looked up here and not in the graph: a batch needs a few thousand rows of a table that is half
// of the model, and a GPU has neither room to waste on the rest nor, as WebGPU stands, 8-bit tensors.
import { AppError } from '../errors'
import type { DebertaConfig } from './deberta-config'
import type { Safetensors, StoredTensor } from './safetensors'
import { expectTensor } from './weights'

export interface Embedding {
  /** Writes word(id) + position + type 0 into out[at … at + H). A position past the table takes its last row. */
  write(id: number, position: number, out: Float32Array, at: number): void
}

/** `file`: the whole weight file; only its embedding tables are kept. Throws weights_damaged. */
export function openEmbedding(weights: Safetensors, file: Uint8Array, config: DebertaConfig): Embedding {
  const { hidden, vocabulary, maxPositions } = config
  const name = (table: string): string => `deberta.embeddings.${table}_embeddings.weight`
  const words = keep(file, expectTensor(weights, name('word'), [vocabulary, hidden]))
  const scales = words.type === 'I8' ? floats(keep(file, expectTensor(weights, `${name('word')}.scales`, [vocabulary]))) : null
  const readWord = reader(words)

  const places = new Float32Array(maxPositions * hidden)
  if (config.hasPositionEmbeddings) places.set(floats(keep(file, expectTensor(weights, name('position'), [maxPositions, hidden]))))
  if (config.types > 0) {
    const type = floats(keep(file, expectTensor(weights, name('token_type'), [config.types, hidden])))
    places.forEach((value, i) => (places[i] = value + type[i % hidden]!))
  }
  return {
    write(id, position, out, at) {
      const scale = scales?.[id] ?? 1
      const place = Math.min(position, maxPositions - 1) * hidden
      for (let i = 0; i < hidden; i++) out[at + i] = readWord(id * hidden + i) * scale + places[place + i]!
    },
  }
}

interface Kept {
  type: StoredTensor['type']
  view: DataView
}

function keep(file: Uint8Array, { type, offset, bytes }: StoredTensor): Kept {
  return { type, view: new DataView(file.slice(offset, offset + bytes).buffer) }
}

/** Element i as a number. */
function reader({ type, view }: Kept): (i: number) => number {
  switch (type) {
    case 'F32':
      return (i) => view.getFloat32(4 * i, true)
    case 'F16': {
      const table = halves()
      return (i) => table[view.getUint16(2 * i, true)]!
    }
    case 'BF16': {
      const half = new DataView(new ArrayBuffer(4))
      return (i) => {
        half.setUint16(0, view.getUint16(2 * i, true))
        return half.getFloat32(0)
      }
    }
    case 'I8':
      return (i) => view.getInt8(i)
    case 'U8':
    case 'I32':
    case 'I64':
    case 'BOOL':
      throw new AppError('model_unsupported', { field: 'type of the embeddings', value: type, known: 'F32, F16, BF16, I8' })
    default:
      throw new Error(`internal: ${type satisfies never}`)
  }
}

function floats(kept: Kept): Float32Array {
  const read = reader(kept)
  return Float32Array.from({ length: kept.view.byteLength / (kept.type === 'F32' ? 4 : 2) }, (_, i) => read(i))
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** All 65,536 of them: a lookup is ten times faster than the arithmetic. */
const halves = (): Float32Array => Float32Array.from({ length: 1 << 16 }, (_, bits) => halfToNumber(bits))
