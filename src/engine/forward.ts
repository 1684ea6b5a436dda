// The forward pass: the encoders of Hugging Face's modeling_deberta_v2, modeling_bert, modeling_roberta and modeling_mpnet; with layout
// shared-prefix it agrees with MC.shared of models/recipe/deberta.py. The tokens of one or more questions, prefix first, then every choice, are the rows of one matrix; nothing is
// padded. A question's rows never meet another's, and every row is computed alike wherever it lies, so its logits do not depend on what is
// answered with it. The last layer computes only the rows that the heads read.
import { attend, fillWindow, GROUP, setBuffers, setWindow, transpose } from './attention'
import { addConvolution, convolve, convolved, setConvolutionBuffers } from './convolution'
import { readLogits } from './heads'
import { GELU, gemmFloat, PLAIN } from './kernels/gemm-float'
import { gemmIntFused, gemmIntTwoStep } from './kernels/gemm-int'
import { addNorm, addRow } from './kernels/norm'
import { quantizeRows } from './kernels/quantize'
import { half4, splat } from './kernels/vector'
import {
  arithmetic, biasAt, DOWN, embeddingNorm, epsilon, F16, F32, FLOAT, headCount, hidden, inputsOf, intermediate, KEY, kernelSize, layerCount, linearAt,
  normAt, OUT, outputsOf, positionCount, positions, QUERY, relativeAt, relativeColumns, relativeRows, stateBytes, types, UP, VALUE, wordKind, words,
  wordScales,
} from './layout'
import { choicesOf, contextOf, keptOf, lengthOf, nextQuestion, prefixOf } from './record'

/** Rows of a feed-forward block: its [rows][intermediate] floats stay in the cache between the two products. */
const BLOCK: i32 = 192
/** Rows that tiles may touch behind the last one. */
const SLACK: i32 = 20

let scratch: usize = 0
let top: usize = 0
let isFused: bool = false

/** The area of this instance; scratchBytes() long. */
export function setScratch(at: usize): void {
  scratch = at
}
/** Chooses the integer product: one instruction or two (see gemm-int). */
export function setFused(value: bool): void {
  isFused = value
}

function take(bytes: usize): usize {
  const p = top
  top += (bytes + 127) & ~63 // a cache line between buffers, so that equal rows of two do not meet in one cache set
  return p
}

// Buffers of the current batch, [rows][H] unless said otherwise.
let x: usize = 0
let y: usize = 0
let kept: usize = 0
let queries: usize = 0
/** Keys by dimension: [H][keyBytes]. */
let keys: usize = 0
let keyBytes: usize = 0
let values: usize = 0
let attended: usize = 0
/** [BLOCK + 8][intermediate] */
let expanded: usize = 0
let pooled: usize = 0
let quantized: usize = 0
let quantizedRows: usize = 0
let rotated: usize = 0
/** One row. */
let zeros: usize = 0

/** Lays out the buffers for `rows` tokens with `choices` choices, the longest prefix and choice of `prefix` and `choice` tokens. */
function arrange(rows: i32, choices: i32, prefix: i32, choice: i32): void {
  top = scratch
  const bytes = (rows + SLACK) * stateBytes
  keyBytes = oddLines(rows + 8)
  const origin = prefix + choice + 16, windowBytes = oddLines(origin + max(prefix, choice) + 8)
  setWindow(take(<usize>relativeRows() * windowBytes), windowBytes, origin)
  x = take(bytes)
  y = take(bytes)
  kept = take(bytes)
  queries = take(bytes)
  keys = take(<usize>hidden * keyBytes)
  values = take(bytes)
  attended = take(bytes)
  expanded = take(<usize>(min(rows, BLOCK) + 8) * intermediate * 4)
  pooled = take((choices + 8) * stateBytes)
  const scores = take(<usize>GROUP * (prefix + choice + 32) * 4)
  zeros = take(stateBytes)
  setBuffers(queries, keys, keyBytes, values, <usize>rows * 32, attended, scores, zeros)
  if (kernelSize) setConvolutionBuffers(take((choice + kernelSize + SLACK) * stateBytes), take(bytes))
  if (arithmetic == FLOAT) return
  quantizedRows = take(<usize>(rows + SLACK) * 8)
  quantized = take(max<usize>(<usize>(rows + SLACK) * hidden, <usize>(min(rows, BLOCK) + 8) * intermediate) * 2)
  rotated = take(<usize>intermediate * 4)
}

/** Bytes of a row of n floats, an odd number of cache lines, so that the rows of a column do not fall into one cache set. */
@inline
function oddLines(n: i32): usize {
  return (((<usize>n + 15) >> 4) | 1) << 6
}

/** Bytes that a batch of `rows` tokens needs at most. Touches no memory. */
export function scratchBytes(rows: i32): usize {
  const at = scratch
  scratch = 0
  // A choice has two tokens at least; prefix and choice together have no more than all rows.
  arrange(rows, rows >> 1, rows, rows)
  scratch = at
  return top
}

let inputs: usize = 0

/** x[m][k] becomes the input of the linear layers that follow: rounded to integers, or remembered. */
function setInput(rows: usize, m: i32, k: i32): void {
  inputs = rows
  if (arithmetic != FLOAT) quantizeRows(rows, m, k, quantized, quantizedRows, rotated)
}

/** A linear layer over the m rows of the input -> c (as gemmFloat's). */
function linear(layer: i32, kind: i32, c: usize, ldc: usize, cs: usize, m: i32, mode: i32): void {
  const w = linearAt(layer, kind), n = outputsOf(kind), k = inputsOf(kind)
  if (arithmetic == FLOAT) gemmFloat(inputs, <usize>k * 4, w, <usize>k * 32, biasAt(layer, kind), c, ldc, cs, m, k, n, mode)
  else if (isFused) gemmIntFused(quantized, quantizedRows, w, c, ldc, cs, m, k, n, mode)
  else gemmIntTwoStep(quantized, quantizedRows, w, c, ldc, cs, m, k, n, mode)
}

/** Word embedding of a token + embeddings of its position and type, normalised -> o[H]. */
function embed(id: i32, position: i32, type: i32, o: usize): void {
  const w = words + <usize>id * hidden * (wordKind == F32 ? 4 : wordKind == F16 ? 2 : 1)
  if (wordKind == F32) memory.copy(o, w, stateBytes)
  else if (wordKind == F16) for (let j = 0; j < hidden; j += 4) v128.store(o + <usize>j * 4, half4(w + <usize>j * 2))
  else {
    const scale = splat(load<f32>(wordScales + <usize>id * 4))
    for (let j = 0; j < hidden; j += 4) {
      const v = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(w + j)))
      v128.store(o + <usize>j * 4, f32x4.mul(f32x4.convert_i32x4_s(v), scale))
    }
  }
  if (type) addRow(types + type * stateBytes, o, hidden)
  addNorm(positions + min(position, positionCount - 1) * stateBytes, o, embeddingNorm, 1, hidden, epsilon)
}

function embedAll(questions: usize, count: i32, ids: usize, kinds: usize): void {
  let o = x
  for (let i = 0, q = questions; i < count; i++, q = nextQuestion(q)) {
    const prefix = prefixOf(q)
    for (let t = 0; t < prefix; t++, ids += 4, kinds += 4, o += stateBytes) embed(load<i32>(ids), t, load<i32>(kinds), o)
    for (let c = 0; c < choicesOf(q); c++) {
      for (let t = 0, n = lengthOf(q, c); t < n; t++, ids += 4, kinds += 4, o += stateBytes) embed(load<i32>(ids), prefix + t, load<i32>(kinds), o)
    }
  }
}

/**
 * The heads read context tokens and, of each choice, the first token or all but the last: copies their rows from `from` to `kept`, returns
 * their number.
 */
function keepRead(from: usize, questions: usize, count: i32): i32 {
  let m = 0
  for (let i = 0, q = questions; i < count; i++, q = nextQuestion(q)) {
    const context = contextOf(q)
    memory.copy(kept + m * stateBytes, from + stateBytes, context * stateBytes)
    m += context
    from += prefixOf(q) * stateBytes
    for (let c = 0; c < choicesOf(q); c++) {
      const n = lengthOf(q, c), read = keptOf(q, n)
      memory.copy(kept + m * stateBytes, from, read * stateBytes)
      m += read
      from += n * stateBytes
    }
  }
  return m
}

/** Attention of all questions; in the last layer the queries are the kept rows only. */
function attendAll(layer: i32, questions: usize, count: i32, isLast: bool): void {
  const headBytes = <usize>(relativeRows() * relativeColumns) * 4
  for (let h = 0; h < headCount; h++) {
    fillWindow(relativeAt(layer) + h * headBytes)
    let row = 0, first = 0
    for (let i = 0, q = questions; i < count; i++, q = nextQuestion(q)) {
      const prefix = prefixOf(q), read = isLast ? contextOf(q) : prefix
      attend(h, row, read, isLast ? 1 : 0, first, prefix, 0, 0)
      row += read
      let own = first + prefix
      for (let c = 0; c < choicesOf(q); c++) {
        const n = lengthOf(q, c), rows = isLast ? keptOf(q, n) : n
        attend(h, row, rows, prefix, first, prefix, own, n)
        row += rows
        own += n
      }
      first = own
    }
  }
}

/** One layer over the `rows` states in x -> x; the last one leaves only the kept rows. Returns their number. */
function runLayer(layer: i32, questions: usize, count: i32, rows: i32): i32 {
  const isLast = layer == layerCount - 1, norm = normAt(layer)
  setInput(x, rows, hidden)
  linear(layer, KEY, attended, stateBytes, 32, rows, PLAIN)
  linear(layer, VALUE, values, 32, <usize>rows * 32, rows, PLAIN)
  transpose(attended, rows, keys, keyBytes, hidden)
  let m = rows, states = x
  if (isLast) {
    m = keepRead(x, questions, count)
    states = kept
    setInput(kept, m, hidden)
  }
  linear(layer, QUERY, queries, stateBytes, 32, m, PLAIN)
  attendAll(layer, questions, count, isLast)
  setInput(attended, m, hidden)
  linear(layer, OUT, y, stateBytes, 32, m, PLAIN)
  addNorm(states, y, norm, m, hidden, epsilon)
  const blocks = (m + BLOCK - 1) / BLOCK, size = m ? ((m + blocks - 1) / blocks + 11) / 12 * 12 : 1
  for (let b = 0; b < m; b += size) {
    const n = min(size, m - b)
    setInput(y + b * stateBytes, n, hidden)
    linear(layer, UP, expanded, <usize>intermediate * 4, 32, n, GELU)
    setInput(expanded, n, intermediate)
    linear(layer, DOWN, x + b * stateBytes, stateBytes, 32, n, PLAIN)
  }
  addNorm(y, x, norm + 2 * stateBytes, m, hidden, epsilon)
  return m
}

/**
 * questions: `count` records (see record.ts); ids and kinds: i32, all their tokens and these tokens' types. out: fp32, one logit a choice,
 * question by question.
 */
export function answer(questions: usize, count: i32, ids: usize, kinds: usize, out: usize): void {
  let rows = 0, choices = 0, longestPrefix = 0, longestChoice = 0
  for (let i = 0, q = questions; i < count; i++, q = nextQuestion(q)) {
    rows += prefixOf(q)
    choices += choicesOf(q)
    longestPrefix = max(longestPrefix, prefixOf(q))
    for (let c = 0; c < choicesOf(q); c++) {
      rows += lengthOf(q, c)
      longestChoice = max(longestChoice, lengthOf(q, c))
    }
  }
  arrange(rows, choices, longestPrefix, longestChoice)
  memory.fill(zeros, 0, stateBytes)
  embedAll(questions, count, ids, kinds)
  if (kernelSize) convolve(x, questions, count)
  for (let layer = 0; layer < layerCount; layer++) {
    rows = runLayer(layer, questions, count, rows)
    if (kernelSize && layer == 0) {
      if (layer == layerCount - 1) keepRead(convolved, questions, count)
      addConvolution(layer == layerCount - 1 ? kept : convolved, x, rows)
    }
  }
  readLogits(x, questions, count, pooled, y, out)
}
