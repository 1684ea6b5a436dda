// Puts terms that keep company into one shard, so that a question, whose words come from one topic or two, finds several of them in a file.
// A term is described by the passages it stands in and a passage by its terms, in turns, from random vectors on (random indexing: Kanerva et
// al. 2000; with turns it nears latent semantic analysis). The terms are then halved along the direction in which they differ most, again
// and again, into groups of an even size. Which group a term gets changes what a question costs, never what is in a list.

export interface CompanyTerm {
  /** Bytes of its list. */
  bytes: number
  /** What its standing in a passage tells: its idf. */
  weight: number
  /** Some passages that hold it. */
  passages: Uint32Array
}

const DIMENSIONS = 32
const TURNS = 2
const DIRECTION_STEPS = 8

/** Group of each term, numbered from 0; a group holds at most about `groupBytes`. */
export function groupByCompany(terms: readonly CompanyTerm[], passageCount: number, groupBytes: number): Uint32Array {
  const groups = new Uint32Array(terms.length)
  const vectors = termVectors(terms, passageCount)
  let next = 0
  const halve = (members: Uint32Array): void => {
    const bytes = members.reduce((sum, term) => sum + terms[term]!.bytes, 0)
    if (bytes <= groupBytes || members.length < 2) {
      for (const term of members) groups[term] = next
      next += 1
      return
    }
    const places = projections(vectors, members)
    const order = Uint32Array.from(members.keys()).sort((a, b) => places[a]! - places[b]! || a - b)
    let split = 0
    for (let sum = 0; split < order.length - 1 && (split === 0 || sum < bytes / 2); split++) sum += terms[members[order[split]!]!]!.bytes
    halve(order.slice(0, split).map((i) => members[i]!))
    halve(order.slice(split).map((i) => members[i]!))
  }
  if (terms.length > 0) halve(Uint32Array.from(terms.keys()))
  return groups
}

/** [terms, DIMENSIONS], rows of length 1 about a common mean of 0. */
function termVectors(terms: readonly CompanyTerm[], passageCount: number): Float32Array {
  const ofTerms = randomVectors(terms.length)
  const ofPassages = new Float32Array(passageCount * DIMENSIONS)
  for (let turn = 0; turn < TURNS; turn++) {
    ofPassages.fill(0)
    for (const [term, { weight, passages }] of terms.entries())
      for (const passage of passages) addRow(ofPassages, passage, ofTerms, term, weight)
    normalizeRows(ofPassages)
    ofTerms.fill(0)
    for (const [term, { passages }] of terms.entries()) for (const passage of passages) addRow(ofTerms, term, ofPassages, passage, 1)
    normalizeRows(ofTerms)
    center(ofTerms)
    normalizeRows(ofTerms)
  }
  return ofTerms
}

/** Where each member stands along the direction in which they differ most (the first principal component, by power iteration). */
function projections(vectors: Float32Array, members: Uint32Array): Float32Array {
  const own = new Float32Array(members.length * DIMENSIONS)
  for (const [i, term] of members.entries()) own.set(vectors.subarray(term * DIMENSIONS, (term + 1) * DIMENSIONS), i * DIMENSIONS)
  center(own)
  const places = new Float32Array(members.length)
  let direction = randomVectors(1)
  for (let step = 0; step < DIRECTION_STEPS; step++) {
    for (let i = 0; i < places.length; i++) {
      let sum = 0
      for (let d = 0; d < DIMENSIONS; d++) sum += own[i * DIMENSIONS + d]! * direction[d]!
      places[i] = sum
    }
    direction = new Float32Array(DIMENSIONS)
    for (let i = 0; i < places.length; i++) addRow(direction, 0, own, i, places[i]!)
    normalizeRows(direction)
  }
  return places
}

function addRow(to: Float32Array, toRow: number, from: Float32Array, fromRow: number, weight: number): void {
  const a = toRow * DIMENSIONS
  const b = fromRow * DIMENSIONS
  for (let d = 0; d < DIMENSIONS; d++) to[a + d]! += weight * from[b + d]!
}

function normalizeRows(rows: Float32Array): void {
  for (let at = 0; at < rows.length; at += DIMENSIONS) {
    let square = 0
    for (let d = 0; d < DIMENSIONS; d++) square += rows[at + d]! ** 2
    if (square === 0) continue
    const scale = 1 / Math.sqrt(square)
    for (let d = 0; d < DIMENSIONS; d++) rows[at + d]! *= scale
  }
}

function center(rows: Float32Array): void {
  const mean = new Float64Array(DIMENSIONS)
  for (let i = 0; i < rows.length; i++) mean[i % DIMENSIONS]! += rows[i]!
  for (let i = 0; i < rows.length; i++) rows[i]! -= (mean[i % DIMENSIONS]! * DIMENSIONS) / rows.length
}

/** The same for every library, so that a corpus gives the same shards: xorshift32 (Marsaglia 2003). */
function randomVectors(count: number): Float32Array {
  let state = 0x9e3779b9
  return Float32Array.from({ length: count * DIMENSIONS }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  })
}
