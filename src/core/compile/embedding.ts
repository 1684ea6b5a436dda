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
  const { words, ...others } = find(weights, tables)
  const keep = ({ type, offset, bytes }: StoredTensor): Kept => ({ type, view: viewOf(file.slice(offset, offset + bytes)) })
  return embedding(tables, keep(words), (id) => id, {
    scales: others.scales && keep(others.scales),
    positions: others.positions && keep(others.positions),
    types: others.types && keep(others.types),
  })
}

/**
 * The same, of which only the rows of the tokens `ids` are read; other tokens must not be asked for. `read(offset, length)`: bytes of the weight file.
 * Throws weights_damaged, model_unsupported, and what `read` throws.
 */
export async function readEmbedding(
  weights: Safetensors,
  read: (offset: number, length: number) => Promise<Uint8Array>,
  tables: EmbeddingTables,
  ids: Iterable<number>,
): Promise<Embedding> {
  const { words, ...others } = find(weights, tables)
  const keep = async (tensor: StoredTensor | null): Promise<Kept | null> =>
    tensor && { type: tensor.type, view: viewOf((await read(tensor.offset, tensor.bytes)).slice()) }
  const kept = { scales: await keep(others.scales), positions: await keep(others.positions), types: await keep(others.types) }
  const sorted = [...new Set(ids)].sort((a, b) => a - b)
  const rowBytes = words.bytes / tables.words.rows
  const rows = new Uint8Array(sorted.length * rowBytes)
  for (const [row, id] of sorted.entries()) rows.set(await read(words.offset + id * rowBytes, rowBytes), row * rowBytes)
  const rowOf = new Map(sorted.map((id, row) => [id, row]))
  return embedding(tables, { type: words.type, view: viewOf(rows) }, (id) => rowOf.get(id)!, kept)
}

interface Tables<T> {
  /** Of rows of 8-bit words. */
  scales: T | null
  positions: T | null
  types: T | null
}

function find(weights: Safetensors, { hidden, words, positions, types }: EmbeddingTables): Tables<StoredTensor> & { words: StoredTensor } {
  const table = ({ name, rows }: Table): StoredTensor => expectTensor(weights, name, [rows, hidden])
  const stored = table(words)
  return {
    words: stored,
    scales: stored.type === 'I8' ? expectTensor(weights, `${words.name}.scales`, [words.rows]) : null,
    positions: positions && table(positions),
    types: types && table(types),
  }
}

/** `rowOf(id)`: the row of a token among the `words` that are kept. */
function embedding(tables: EmbeddingTables, words: Kept, rowOf: (id: number) => number, kept: Tables<Kept>): Embedding {
  const { hidden } = tables
  const first = tables.positions?.first ?? 0
  const scales = kept.scales && floats(kept.scales)
  const readWord = reader(words)
  const positions = kept.positions ? floats(kept.positions) : new Float32Array(hidden)
  const lastPosition = positions.length / hidden - 1
  const types = kept.types ? floats(kept.types) : new Float32Array(hidden)
  const lastType = types.length / hidden - 1
  return {
    write(id, position, type, out, at) {
      const word = rowOf(id) * hidden
      const scale = scales?.[id] ?? 1
      const place = Math.min(first + position, lastPosition) * hidden
      const kind = Math.min(type, lastType) * hidden
      for (let i = 0; i < hidden; i++) out[at + i] = readWord(word + i) * scale + positions[place + i]! + types[kind + i]!
    },
  }
}

interface Kept {
  type: StoredTensor['type']
  view: DataView
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

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
