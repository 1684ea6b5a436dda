// The DeBERTa-v2 encoder (He et al. 2021, "DeBERTa: Decoding-enhanced BERT with Disentangled Attention"), as Hugging Face's modeling_deberta_v2:
// a score is content to content + content to position + position to content, over √(3d).
//
// The relative terms: every token is multiplied with the projected rows of all relative positions that occur, and a GatherElements picks, for
// each pair (i, j), the row of bucket(position_i − position_j). Buckets are the same for all questions of a batch, so one [T, T] table serves
// every layer, and any arrangement of tokens (choices beside each other at the same positions) is a matter of that table.
// The projected rows themselves depend on weights only; onnxruntime folds them when it opens the graph.
import type { DebertaConfig } from './deberta-config'
import { MICROSOFT, type Graph, type Value } from './graph'
import { addAndNorm, float, foldedLinear, layerNorm, linear } from './weights'

/** Tokens of all questions as rows of one matrix, which is what linear layers like. */
interface Tokens {
  /** [Q·T, H] */
  states: Value
  /** Their shape by head: Q, T, n, d. */
  shape: Value
}
/** What queries see of keys. */
interface View {
  /** Added to the scores [Q, 1, R, T]. */
  mask: Value
  /** The relative row of a query and a key [Q, n, R, T], counted from the first that occurs. */
  pick: Value
}
interface Relative {
  /** The relative table, normed [2S, H]. */
  rows: Value
  /** The rows that occur, as bounds for Slice. */
  from: Value
  to: Value
}

/**
 * x [Q, T, H], the embedded tokens before their norm -> hidden states of the tokens that are read [Q, R, H].
 * `mask` [Q, 1, T, T] is added to the scores. Adds the inputs that `relativeFeeds` fills. Throws weights_damaged.
 */
export function encodeDebertaV2(graph: Graph, config: DebertaConfig, x: Value, mask: Value, read: Value): Value {
  const { hidden, heads, layers, buckets, epsilon } = config
  const normed = layerNorm(graph, x, 'deberta.embeddings.LayerNorm', hidden, epsilon)
  let tokens = toTokens(graph, config, normed)

  const table = float(graph, 'deberta.encoder.rel_embeddings.weight', [2 * buckets, hidden])
  const relative: Relative = {
    rows: layerNorm(graph, table, 'deberta.encoder.LayerNorm', hidden, epsilon),
    from: graph.input('bucket_from', 'int64', [1]),
    to: graph.input('bucket_to', 'int64', [1]),
  }
  const questions = graph.op('Shape', [x], { start: 0n, end: 1n })
  const perHead = graph.op('Concat', [questions, graph.ints(heads, 1, 1)], { axis: 0n })
  const all: View = { mask, pick: graph.op('Expand', [graph.input('buckets', 'int32', ['T', 'T']), perHead]) }

  for (let layer = 0; layer < layers - 1; layer++) {
    const weights = `deberta.encoder.layer.${String(layer)}`
    tokens = feedForward(graph, config, weights, tokens, attend(graph, config, weights, tokens, tokens, all, relative))
  }
  // The last layer computes only what is read; its keys are still all tokens.
  const rowsRead = (value: Value, axis: bigint): Value => graph.op('Gather', [value, read], { axis })
  const states = rowsRead(graph.op('Reshape', [tokens.states, graph.op('Shape', [x])]), 1n)
  const queries = toTokens(graph, config, states)
  const some: View = { mask: rowsRead(all.mask, 2n), pick: rowsRead(all.pick, 2n) }
  const last = `deberta.encoder.layer.${String(layers - 1)}`
  const result = feedForward(graph, config, last, queries, attend(graph, config, last, queries, tokens, some, relative))
  return graph.op('Reshape', [result.states, graph.op('Shape', [states])])
}

/** x [Q, T, H] */
function toTokens(graph: Graph, { hidden, heads }: DebertaConfig, x: Value): Tokens {
  const byHead = graph.ints(heads, hidden / heads)
  return {
    states: graph.op('Reshape', [x, graph.ints(-1, hidden)]),
    shape: graph.op('Concat', [graph.op('Shape', [x], { start: 0n, end: 2n }), byHead], { axis: 0n }),
  }
}

/** [Q·R, H] */
function attend(
  graph: Graph,
  config: DebertaConfig,
  weights: string,
  queries: Tokens,
  keys: Tokens,
  view: View,
  relative: Relative,
): Value {
  const { hidden, heads } = config
  const width = hidden / heads
  const scale = graph.floats([1 / Math.sqrt(3 * width)])
  const name = (kind: string): string => `${weights}.attention.self.${kind}_proj`
  const project = (x: Value, kind: string): Value => linear(graph, x, name(kind), hidden, hidden)
  const add = (a: Value, b: Value): Value => graph.op('Add', [a, b])
  const multiply = (a: Value, b: Value): Value => graph.op('MatMul', [a, b])
  const byHead = (x: Value, shape: Value, perm: bigint[]): Value => graph.op('Transpose', [graph.op('Reshape', [x, shape])], { perm })
  const toRows = [0n, 2n, 1n, 3n] // [Q, n, T, d]
  const toColumns = [0n, 2n, 3n, 1n] // [Q, n, d, T]

  const q = byHead(graph.op('Mul', [project(queries.states, 'query'), scale]), queries.shape, toRows)
  const k = byHead(project(keys.states, 'key'), keys.shape, toColumns)
  const v = byHead(project(keys.states, 'value'), keys.shape, toRows)

  // Projected positions, and of those the W that occur: keys [1, n, d, W], queries [1, n, W, d].
  const positions = (kind: string): Value => foldedLinear(graph, relative.rows, name(kind), hidden, hidden)
  const occurring = (x: Value, axis: number): Value => graph.op('Slice', [x, relative.from, relative.to, graph.ints(axis)])
  const shape = graph.ints(1, -1, heads, width)
  const positionKeys = occurring(byHead(positions('key'), shape, toColumns), 3)
  const positionQueries = occurring(byHead(graph.op('Mul', [positions('query'), scale]), shape, toRows), 2)

  const contentToPosition = graph.op('GatherElements', [multiply(q, positionKeys), view.pick], { axis: 3n })
  const positionToContent = graph.op('GatherElements', [multiply(positionQueries, k), view.pick], { axis: 2n })
  const scores = add(add(multiply(q, k), contentToPosition), add(positionToContent, view.mask)) // [Q, n, R, T]
  const attended = multiply(graph.op('Softmax', [scores], { axis: -1n }), v)
  return graph.op('Reshape', [graph.op('Transpose', [attended], { perm: toRows }), graph.ints(-1, hidden)])
}

/** What follows attention in a layer: output projection, intermediate and output, each with its residual and norm. */
function feedForward(
  graph: Graph,
  { hidden, intermediate, epsilon }: DebertaConfig,
  weights: string,
  tokens: Tokens,
  attended: Value,
): Tokens {
  const projected = linear(graph, attended, `${weights}.attention.output.dense`, hidden, hidden)
  const normed = addAndNorm(graph, projected, tokens.states, `${weights}.attention.output.LayerNorm`, hidden, epsilon)
  const wide = graph.op('Gelu', [linear(graph, normed, `${weights}.intermediate.dense`, hidden, intermediate)], {}, MICROSOFT)
  const narrow = linear(graph, wide, `${weights}.output.dense`, intermediate, hidden)
  return { states: addAndNorm(graph, narrow, normed, `${weights}.output.LayerNorm`, hidden, epsilon), shape: tokens.shape }
}
