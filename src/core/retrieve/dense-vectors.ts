// Vectors in one byte a number: x ≈ scale · q with q = round(x / scale) in -127 … 127 and scale = max |x| / 127, one scale a vector.
// They lie in blocks of at most 4 MiB, so that a search reads a library of any size in the same little memory:
//   block   r f32 scales, then r rows of `dimensions` int8; r follows from the block's length. Little-endian.

export const VECTOR_BLOCK_BYTES = 4 << 20
/** Passages that are embedded in one step. */
export const EMBEDDING_BATCH = 16
const SCALE_BYTES = 4

export interface VectorBlock {
  /** [rows] */
  scales: Float32Array
  /** Row-major [rows, dimensions] */
  values: Int8Array
}

/** How many vectors a full block holds: a multiple of EMBEDDING_BATCH, so that batches end where blocks do. */
export function rowsPerBlock(dimensions: number, blockBytes = VECTOR_BLOCK_BYTES): number {
  return Math.max(1, Math.floor(blockBytes / (dimensions + SCALE_BYTES) / EMBEDDING_BATCH)) * EMBEDDING_BATCH
}

/** Row-major floats [rows, dimensions] -> int8 with a scale a row. A vector of zeros has scale 0. */
export function quantizeVectors(vectors: Float32Array, dimensions: number): VectorBlock {
  const rows = vectors.length / dimensions
  const scales = new Float32Array(rows)
  const values = new Int8Array(vectors.length)
  for (let row = 0; row < rows; row++) {
    const from = row * dimensions
    let largest = 0
    for (let i = from; i < from + dimensions; i++) largest = Math.max(largest, Math.abs(vectors[i]!))
    const scale = Math.fround(largest / 127)
    scales[row] = scale
    if (scale > 0) for (let i = from; i < from + dimensions; i++) values[i] = Math.max(-127, Math.min(127, Math.round(vectors[i]! / scale)))
  }
  return { scales, values }
}

export function packBlock({ scales, values }: VectorBlock): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(scales.length * SCALE_BYTES + values.length)
  const view = new DataView(bytes.buffer)
  scales.forEach((scale, row) => {
    view.setFloat32(row * SCALE_BYTES, scale, true)
  })
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.length), scales.length * SCALE_BYTES)
  return bytes
}

/** null where the length is none of whole vectors or a scale is no number: the block is damaged. */
export function unpackBlock(bytes: Uint8Array, dimensions: number): VectorBlock | null {
  const rows = bytes.length / (dimensions + SCALE_BYTES)
  if (!Number.isInteger(rows)) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const scales = Float32Array.from({ length: rows }, (_, row) => view.getFloat32(row * SCALE_BYTES, true))
  if (!scales.every((scale) => Number.isFinite(scale) && scale >= 0)) return null
  return { scales, values: new Int8Array(bytes.buffer, bytes.byteOffset + rows * SCALE_BYTES, rows * dimensions) }
}
