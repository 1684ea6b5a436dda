// Word, position and type embeddings are looked up here and not in the graph: a batch needs a few thousand rows of a table that is half
// of the model, and a GPU has neither room to waste on the rest nor, as WebGPU stands, 8-bit tensors.
import { halfToFloat } from '../checkpoint/numbers'
import { AppError } from '../errors'
import type { Safetensors, StoredTensor } from './safetensors'
import { expectTensor } from './weights'

/** The tables of an architecture, by the names of their tensors. */
export interface EmbeddingTables {
  hidden: number
  words: Table
  /** `first`: the row of the first token. A position past the table takes its last row. */
  positions: (Table & { first: number }) | null
  types: Table | null
}
interface Table {
  name: string
  rows: number
}

export interface Embedding {
  /** Writes word(id) + position + type into out[at … at + H). Positions count from 0. */
  write(id: number, position: number, type: number, out: Float32Array, at: number): void
}

/** `file`: the whole weight file; only its embedding tables are kept. Throws weights_damaged, model_unsupported. */
export function openEmbedding(weights: Safetensors, file: Uint8Array, tables: EmbeddingTables): Embedding {
  const { hidden } = tables
  const find = ({ name, rows }: Table): Kept => keep(file, expectTensor(weights, name, [rows, hidden]))
  const words = find(tables.words)
  const { name, rows } = tables.words
  const scales = words.type === 'I8' ? floats(keep(file, expectTensor(weights, `${name}.scales`, [rows]))) : null
  const readWord = reader(words)
  const positions = tables.positions ? floats(find(tables.positions)) : new Float32Array(hidden)
  const first = tables.positions?.first ?? 0
  const lastPosition = positions.length / hidden - 1
  const types = tables.types ? floats(find(tables.types)) : new Float32Array(hidden)
  const lastType = types.length / hidden - 1
  return {
    write(id, position, type, out, at) {
      const scale = scales?.[id] ?? 1
      const place = Math.min(first + position, lastPosition) * hidden
      const kind = Math.min(type, lastType) * hidden
      for (let i = 0; i < hidden; i++) out[at + i] = readWord(id * hidden + i) * scale + positions[place + i]! + types[kind + i]!
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
    case 'F16':
      return (i) => halfToFloat(view.getUint16(2 * i, true))
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
  const values = new Float32Array(kept.view.byteLength / (kept.type === 'F32' ? 4 : 2))
  for (let i = 0; i < values.length; i++) values[i] = read(i)
  return values
}
