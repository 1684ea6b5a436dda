// Attention by its definition, for one head after another, against src/engine/attention.ts.
import { at, Bench, draw, expectClose, indices, randomOf, sum, type Engine } from './engine-bench'

export interface AttentionShape {
  prefix: number
  own: number
  gap: number
  heads: number
  headSize: number
  buckets: number
  /** What the distance of two tokens adds: terms of query and key, or a number for each head. */
  relative: 'terms' | 'bias'
  seed: number
}
/** Prefix tokens, `gap` tokens of another choice, the own choice; queries are the prefix (own = 0) or the own choice. */
export function attendAsDefined(
  engine: Engine,
  { prefix, own, gap, heads, headSize: size, buckets, relative: kind, seed }: AttentionShape,
): void {
  const { kernels } = engine
  const bench = new Bench(engine)
  const random = randomOf(seed)
  const [H, T, reach, near] = [heads * size, prefix + gap + own, 200, buckets >> 1]
  kernels['configure']?.(0, 8, H, heads, 1, 32, 8, 0, kind === 'terms' ? 0 : 1, 2 * buckets, near, reach, 1, 0, 0, 0, 1e-7)
  const bucketOf = (offset: number): number => {
    const distance = Math.abs(offset)
    const bucket = distance <= near ? distance : Math.min(buckets - 1, near + Math.ceil(Math.log2(distance / near)))
    return Math.max(0, Math.min(2 * buckets - 1, buckets + Math.sign(offset) * bucket))
  }
  const columns = Int32Array.from({ length: 2 * reach + 1 }, (_, i) => 2 * buckets - 1 - bucketOf(reach - i))
  new Int32Array(engine.memory.buffer, kernels['farColumnsAt']?.() ?? 0, columns.length).set(columns)
  const [q, k, v] = [draw(random, (T + 16) * H, 0.2), draw(random, T * H, 0.2), draw(random, T * H)]
  const relativeRows = kind === 'terms' ? 2 * size : 1
  const relative = draw(random, heads * relativeRows * 2 * buckets, kind === 'terms' ? 0.1 : 2)
  const ld = T + 32
  const [keysT, values] = [new Float32Array(H * ld), new Float32Array(H * T)]
  for (const t of indices(T)) for (const c of indices(H)) keysT[c * ld + t] = at(k, t * H + c)
  for (const t of indices(T)) for (const c of indices(H)) values[(c >> 3) * T * 8 + t * 8 + (c & 7)] = at(v, t * H + c)
  const [out, zeros] = [bench.reserve((T + 16) * H * 4), bench.put(new Float32Array(H))]
  kernels['setBuffers']?.(bench.put(q), bench.put(keysT), ld * 4, bench.put(values), T * 32, out, bench.reserve(64 * (T + 64) * 4), zeros)
  const origin = prefix + own + 16
  const windowBytes = (origin + Math.max(prefix, own) + 16) * 4
  kernels['setWindow']?.(bench.reserve(relativeRows * windowBytes), windowBytes, origin)
  const relativeAt = bench.put(relative)
  const first = prefix + gap
  const [row, count] = own ? [first, own] : [0, prefix]
  for (const h of indices(heads)) {
    kernels['fillWindow']?.(relativeAt + h * relativeRows * 2 * buckets * 4)
    kernels['attend']?.(h, row, count, own ? prefix : 0, 0, prefix, own ? first : 0, own)
  }
  const result = bench.floats(out, (T + 16) * H)
  const seen = [...indices(prefix).map((t) => [t, t] as const), ...indices(own).map((t) => [first + t, prefix + t] as const)]
  for (const h of indices(heads)) {
    const rel = (row: number, offset: number): number =>
      at(relative, (h * relativeRows + row) * 2 * buckets + 2 * buckets - 1 - bucketOf(offset))
    for (const i of indices(count)) {
      const position = (own ? prefix : 0) + i
      const products = seen.map(([t, p]) => {
        const terms = indices(size).flatMap((d) => {
          const [qd, kd] = [at(q, (row + i) * H + h * size + d), at(k, t * H + h * size + d)]
          return kind === 'terms' ? [qd * kd, qd * rel(d, position - p), kd * rel(size + d, position - p)] : [qd * kd]
        })
        return kind === 'terms' ? terms : [...terms, rel(0, position - p)]
      })
      const scores = products.map(sum)
      // fp32 sums are as exact as their largest terms, and an absolute error of a score is a relative one of its weight
      const magnitude = Math.max(...products.map((terms) => sum(terms.map(Math.abs))))
      const most = Math.max(...scores)
      const weights = scores.map((s) => Math.exp(s - most))
      for (const d of indices(size)) {
        const terms = seen.map(([t], s) => (at(weights, s) / sum(weights)) * at(v, t * H + h * size + d))
        const tolerance = (2e-5 + 8 * 2 ** -24 * magnitude) * sum(terms.map(Math.abs)) + 1e-6
        expectClose(at(result, (row + i) * H + h * size + d), sum(terms), tolerance, `head ${String(h)}, query ${String(i)}`)
      }
    }
  }
}
