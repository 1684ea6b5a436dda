// BM25 (Robertson & Walker 1994; Robertson & Zaragoza 2009) with Lucene's idf, which is never negative:
//   score(p) = Σ over query terms  n · idf · tf / (tf + k1 · (1 - b + b · length(p) / average length)),   idf = log(1 + (N - df + ½) / (df + ½))
// where n is how often the query holds the term.
// The top k is exact: every posting of every query term is read, a term at a time, into one array of sums. On 50,000 passages this is
// a few milliseconds, so nothing cleverer is needed.
import type { PassageIndex } from './index-file'

export interface Bm25Settings {
  k1: number
  b: number
}
export interface Hit {
  /** Number of the passage in the index. */
  passage: number
  score: number
}

/** What one posting of a term can add at most: Lucene's idf. */
export function idf(passages: number, documentFrequency: number): number {
  return Math.log(1 + (passages - documentFrequency + 0.5) / (documentFrequency + 0.5))
}

export class Bm25 {
  readonly #index: PassageIndex
  /** k1 · (1 - b + b · length / average length), by passage. */
  readonly #norms: Float64Array
  readonly #sums: Float64Array

  constructor(index: PassageIndex, { k1, b }: Bm25Settings) {
    this.#index = index
    this.#norms = Float64Array.from(index.lengths, (length) => k1 * (1 - b + (b * length) / index.averageLength))
    this.#sums = new Float64Array(index.passages)
  }

  /** The best `count` passages that hold a query term, best first; ties by number. A term counts as often as the query repeats it. */
  search(terms: readonly string[], count: number): Hit[] {
    const weights = new Map<string, number>()
    for (const term of terms) weights.set(term, (weights.get(term) ?? 0) + 1)
    for (const [term, weight] of weights) this.#addTerm(term, weight)
    const hits = selectTop(this.#sums, count)
    this.#sums.fill(0)
    return hits
  }

  /** What a passage would score that held nothing but the query's terms, each endlessly often: the sum of their weights. */
  ceiling(terms: readonly string[]): number {
    const { passages } = this.#index
    return terms.reduce((sum, term) => {
      return sum + idf(passages, this.#index.find(term)?.documentFrequency ?? 0)
    }, 0)
  }

  #addTerm(term: string, weight: number): void {
    const range = this.#index.find(term)
    if (!range) return
    const { documentFrequency, start, end } = range
    const { postings, passages } = this.#index
    const gain = weight * idf(passages, documentFrequency)
    const norms = this.#norms
    const sums = this.#sums
    let passage = -1
    for (let at = start; at < end;) {
      let byte = postings[at++]!
      let value = byte & 127
      for (let shift = 7; byte > 127; shift += 7) {
        byte = postings[at++]!
        value |= (byte & 127) << shift
      }
      let tf = 1
      if (value & 1) {
        byte = postings[at++]!
        tf = byte & 127
        for (let shift = 7; byte > 127; shift += 7) {
          byte = postings[at++]!
          tf |= (byte & 127) << shift
        }
        tf += 2
      }
      passage += (value >>> 1) + 1
      sums[passage]! += (gain * tf) / (tf + norms[passage]!)
    }
  }
}

/** The `count` largest positive sums, largest first; ties by number. */
export function selectTop(sums: ArrayLike<number>, count: number): Hit[] {
  const best: Hit[] = []
  let least = 0
  for (let passage = 0; passage < sums.length; passage++) {
    const score = sums[passage]!
    if (!(score > least)) continue
    let at = best.length
    while (at > 0 && best[at - 1]!.score < score) at--
    best.splice(at, 0, { passage, score })
    if (best.length > count) best.pop()
    if (best.length >= count) least = best.at(-1)?.score ?? Infinity
  }
  return best
}
