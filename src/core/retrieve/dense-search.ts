// The nearest vectors, exactly: every vector of every block is compared, one block after the other, the next being read while one is
// searched; so at most two blocks are in memory, however many there are. Integer dot products (127² · dimensions stays far below 2^31),
// then one multiplication by the two scales.
import type { Hit } from './bm25'
import { quantizeVectors, unpackBlock } from './dense-vectors'

/** Blocks of vectors, wherever they are kept: block 0, 1, …; all but the last are full. */
export interface VectorBlocks {
  readonly dimensions: number
  readonly blocks: number
  /** Vectors of a full block. */
  readonly rowsPerBlock: number
  read(signal: AbortSignal, block: number): Promise<Uint8Array>
  /** The error for a block that cannot be what was written. */
  damaged(block: number): Error
}
export interface DenseResult {
  /** Nearest first; ties by number. Score: the cosine. */
  hits: Hit[]
  /** Of the cosines with all vectors. */
  mean: number
  deviation: number
}

/** The `count` vectors nearest to `query`, a vector of length 1. Rejects with what reading or `damaged` gives. */
export async function searchVectors(signal: AbortSignal, vectors: VectorBlocks, query: Float32Array, count: number): Promise<DenseResult> {
  const { dimensions } = vectors
  const { scales, values } = quantizeVectors(query, dimensions)
  const best = new TopHits(count)
  let sum = 0
  let squares = 0
  let rows = 0
  const ask = (block: number): Promise<Uint8Array> | null => {
    if (block >= vectors.blocks) return null
    const bytes = vectors.read(signal, block)
    bytes.catch(() => undefined) // awaited in the next turn
    return bytes
  }
  let next = ask(0)
  for (let number = 0; next; number++) {
    const block = unpackBlock(await next, dimensions)
    if (!block) throw vectors.damaged(number)
    next = ask(number + 1)
    for (let row = 0; row < block.scales.length; row++) {
      const cosine = dot(values, block.values, row * dimensions) * scales[0]! * block.scales[row]!
      sum += cosine
      squares += cosine * cosine
      best.offer(number * vectors.rowsPerBlock + row, cosine)
    }
    rows += block.scales.length
  }
  const mean = rows > 0 ? sum / rows : 0
  return { hits: best.hits, mean, deviation: Math.sqrt(Math.max(0, squares / Math.max(1, rows) - mean * mean)) }
}

function dot(query: Int8Array, values: Int8Array, from: number): number {
  let sum = 0
  for (let i = 0; i < query.length; i++) sum += query[i]! * values[from + i]!
  return sum
}

/** The best `count` of what it was offered, best first; ties by number, in whatever order they came. */
export class TopHits {
  readonly hits: Hit[] = []
  constructor(private readonly count: number) {}

  offer(passage: number, score: number): void {
    const { hits, count } = this
    if (count === 0) return
    const last = hits.at(-1)
    if (hits.length >= count && last && !isBefore(passage, score, last)) return
    let at = hits.length
    while (at > 0 && isBefore(passage, score, hits[at - 1]!)) at--
    hits.splice(at, 0, { passage, score })
    if (hits.length > count) hits.pop()
  }
}
function isBefore(passage: number, score: number, other: Hit): boolean {
  return score > other.score || (score === other.score && passage < other.passage)
}
