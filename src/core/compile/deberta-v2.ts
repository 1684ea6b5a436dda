// The DeBERTa-v2 encoder (He et al. 2021, "DeBERTa: Decoding-enhanced BERT with Disentangled Attention"), as Hugging Face's modeling_deberta_v2:
// a score is content to content + content to position + position to content, over √(3d); an absent term leaves √(2d) or √d.
//
// The relative terms: every token is multiplied with the projected rows of all relative positions that occur, and a GatherElements picks, for
// each pair (i, j), the row of bucket(position_i − position_j). Buckets are the same for all questions of a batch, so one [T, T] table serves
// every layer, and any arrangement of tokens (choices beside each other at the same positions) is a matter of that table.
// The projected rows themselves depend on weights only; onnxruntime folds them when it opens the graph.
import { createFields } from '../checkpoint/config-fields'
import { activate } from './activation'
import type { OpenArchitecture } from './architecture'
import { debertaTables, readDebertaConfig, type DebertaConfig } from './deberta-config'
import { openEmbedding } from './embedding'
import { encodeLayers, feedForward, feedForwardNames, type Tokens } from './encoder-layer'
import type { Graph, Value } from './graph'
import { relativeFeeds } from './relative-buckets'
import { addAndNorm, BLOCKED, float, foldedLinear, layerNorm, linear } from './weights'

export const openDebertaV2: OpenArchitecture = (json, graph, stored, file) => {
  const config = readDebertaConfig(createFields(json))
  const { hidden, terms, convolution } = config
  const hasTerms = terms.c2p || terms.p2c
  return {
    hidden,
    embedding: openEmbedding(stored, file, debertaTables(config)),
    encode: (x, mask, read) => encode(graph, config, x, mask, read),
    score: (first) => {
      const pooled = activate(graph, config.poolerActivation, linear(graph, first, 'pooler.dense', hidden, hidden))
      return linear(graph, pooled, 'classifier', hidden, 1)
    },
    feed: (positions) => (hasTerms ? relativeFeeds(positions, config.relative) : {}),
    step: 4, // GPU kernels that read four numbers at once then apply
    // A convolution takes what lies side by side for neighbours, which choices behind each other are not; that layout's head knows one activation.
    layouts: convolution || config.poolerActivation !== 'gelu' ? ['pairs'] : ['pairs', 'shared-prefix'],
  }
}

/** What queries see of keys. */
interface View {
  /** Added to the scores [Q, 1, 1 or R, T]. */
  mask: Value
  /** The relative row of a query and a key [Q, n, R, T], counted from the first that occurs. */
  pick: Value | null
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
 * `mask` [Q, 1, 1 or T, T] is added to the scores. Adds the inputs that `relativeFeeds` fills. Throws weights_damaged.
 */
function encode(graph: Graph, config: DebertaConfig, x: Value, mask: Value, read: Value): Value {
  const { hidden, heads, epsilon, terms, convolution } = config
  const normed = layerNorm(graph, x, 'deberta.embeddings.LayerNorm', hidden, epsilon)
  const relative = terms.c2p || terms.p2c ? openRelative(graph, config) : null
  const questions = graph.op('Shape', [x], { start: 0n, end: 1n })
  const perHead = graph.op('Concat', [questions, graph.ints(heads, 1, 1)], { axis: 0n })
  const rowsRead = (value: Value, axis: bigint): Value => graph.op('Gather', [value, read], { axis })
  const all: View = { mask, pick: relative && graph.op('Expand', [graph.input('buckets', 'int32', ['T', 'T']), perHead]) }
  const some: View = { mask: rowsRead(mask, 2n), pick: all.pick && rowsRead(all.pick, 2n) }
  const convolved = convolution && convolve(graph, config, convolution, normed, mask)
  return encodeLayers(graph, config, normed, read, (index, queries, keys, isRead) => {
    const layer = `deberta.encoder.layer.${String(index)}`
    const attended = attend(graph, config, `${layer}.attention.self`, queries, keys, isRead ? some : all, relative)
    const states = feedForward(graph, config, feedForwardNames(layer), queries.states, attended)
    if (index > 0 || !convolved) return states
    const beside = graph.op('Reshape', [isRead ? rowsRead(convolved, 1n) : convolved, graph.ints(-1, hidden)])
    return addAndNorm(graph, beside, states, 'deberta.encoder.conv.LayerNorm', hidden, epsilon)
  })
}

function openRelative(graph: Graph, { hidden, epsilon, relative, isRelativeNormed }: DebertaConfig): Relative {
  const table = float(graph, 'deberta.encoder.rel_embeddings.weight', [2 * relative.span, hidden])
  return {
    rows: isRelativeNormed ? layerNorm(graph, table, 'deberta.encoder.LayerNorm', hidden, epsilon) : table,
    from: graph.input('bucket_from', 'int64', [1]),
    to: graph.input('bucket_to', 'int64', [1]),
  }
}

/** ConvLayer: a convolution over the embedded tokens, in which padding counts 0; x [N, T, H], mask [N, 1, 1, T] -> [N, T, H]. */
function convolve(
  graph: Graph,
  { hidden }: DebertaConfig,
  { kernel, activation }: NonNullable<DebertaConfig['convolution']>,
  x: Value,
  mask: Value,
): Value {
  const blocked = graph.op('Reshape', [graph.op('Div', [mask, graph.floats([BLOCKED])]), graph.ints(0, -1, 1)])
  const kept = graph.op('Mul', [x, graph.op('Sub', [graph.floats([1]), blocked])])
  const name = 'deberta.encoder.conv.conv'
  const weights = [float(graph, `${name}.weight`, [hidden, hidden, kernel]), float(graph, `${name}.bias`, [hidden])]
  const pad = BigInt((kernel - 1) / 2)
  const turned = (value: Value): Value => graph.op('Transpose', [value], { perm: [0n, 2n, 1n] })
  return activate(graph, activation, turned(graph.op('Conv', [turned(kept), ...weights], { pads: [pad, pad] })))
}

/** [Q·R, H] */
function attend(
  graph: Graph,
  config: DebertaConfig,
  self: string,
  queries: Tokens,
  keys: Tokens,
  { mask, pick }: View,
  relative: Relative | null,
): Value {
  const { hidden, heads, isKeyShared, terms } = config
  const width = hidden / heads
  const scale = graph.floats([1 / Math.sqrt((1 + Number(terms.c2p) + Number(terms.p2c)) * width)])
  const project = (x: Value, kind: string): Value => linear(graph, x, `${self}.${kind}_proj`, hidden, hidden)
  const multiply = (a: Value, b: Value): Value => graph.op('MatMul', [a, b])
  const byHead = (x: Value, shape: Value, perm: bigint[]): Value => graph.op('Transpose', [graph.op('Reshape', [x, shape])], { perm })
  const shapeOf = ({ shape }: Tokens): Value =>
    graph.once(`${shape} by head`, () =>
      graph.op('Concat', [graph.op('Slice', [shape, graph.ints(0), graph.ints(2)]), graph.ints(heads, width)], { axis: 0n }),
    )
  const toRows = [0n, 2n, 1n, 3n] // [Q, n, T, d]
  const toColumns = [0n, 2n, 3n, 1n] // [Q, n, d, T]

  const q = byHead(graph.op('Mul', [project(queries.states, 'query'), scale]), shapeOf(queries), toRows)
  const k = byHead(project(keys.states, 'key'), shapeOf(keys), toColumns)
  const v = byHead(project(keys.states, 'value'), shapeOf(keys), toRows)
  const parts = [multiply(q, k)]
  if (relative && pick) {
    // Projected positions, and of those the W that occur: keys [1, n, d, W], queries [1, n, W, d].
    const positions = (kind: string): Value =>
      foldedLinear(graph, relative.rows, `${self}.${isKeyShared ? '' : 'pos_'}${kind}_proj`, hidden, hidden)
    const occurring = (x: Value, axis: number): Value => graph.op('Slice', [x, relative.from, relative.to, graph.ints(axis)])
    const shape = graph.ints(1, -1, heads, width)
    if (terms.c2p) {
      const positionKeys = occurring(byHead(positions('key'), shape, toColumns), 3)
      parts.push(graph.op('GatherElements', [multiply(q, positionKeys), pick], { axis: 3n }))
    }
    if (terms.p2c) {
      const positionQueries = occurring(byHead(graph.op('Mul', [positions('query'), scale]), shape, toRows), 2)
      parts.push(graph.op('GatherElements', [multiply(positionQueries, k), pick], { axis: 2n }))
    }
  }
  const scores = [...parts, mask].reduce((sum, part) => graph.op('Add', [sum, part])) // [Q, n, R, T]
  const attended = multiply(graph.op('Softmax', [scores], { axis: -1n }), v)
  return graph.op('Reshape', [graph.op('Transpose', [attended], { perm: toRows }), graph.ints(-1, hidden)])
}
