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
import { encodeLayers, feedForward, feedForwardNames, type Tokens } from './encoder-layer'
import type { Graph, Value } from './graph'
import { batchRows, headGroups, inHeadGroups, type HeadSizes, type Limits } from './head-groups'
import { relativeFeeds } from './relative-buckets'
import { addAndNorm, BLOCKED, float, foldedLinear, layerNorm, linear } from './weights'

export const openDebertaV2: OpenArchitecture = (json, graph, limits) => {
  const config = readDebertaConfig(createFields(json))
  const { hidden, terms, convolution } = config
  const hasTerms = terms.c2p || terms.p2c
  return {
    hidden,
    tables: debertaTables(config),
    encode: (x, mask, read) => encode(graph, config, groupsOf(config, limits), x, mask, read),
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

/** A query meets every token, and every relative position that occurs: at most 2T - 1, and no more than the table has. */
export function groupsOf({ heads, relative, terms }: DebertaConfig, limits: Limits): number {
  const positions = terms.c2p || terms.p2c ? Math.min(2 * limits.tokens - 1, 2 * relative.span) : 0
  return headGroups(heads, batchRows(limits) * Math.max(limits.tokens, positions), limits)
}

/** What queries see of keys. */
interface View {
  /** Added to the scores [Q, 1, 1 or R, T]. */
  mask: Value
  /** The relative row of a query and a key [Q, n of a group, R, T], counted from the first that occurs. */
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
function encode(graph: Graph, config: DebertaConfig, groups: number, x: Value, mask: Value, read: Value): Value {
  const { hidden, heads, epsilon, terms, convolution } = config
  const normed = layerNorm(graph, x, 'deberta.embeddings.LayerNorm', hidden, epsilon)
  const relative = terms.c2p || terms.p2c ? openRelative(graph, config) : null
  const questions = graph.op('Shape', [x], { start: 0n, end: 1n })
  const perHead = graph.op('Concat', [questions, graph.ints(heads / groups, 1, 1)], { axis: 0n })
  const rowsRead = (value: Value, axis: bigint): Value => graph.op('Gather', [value, read], { axis })
  const all: View = { mask, pick: relative && graph.op('Expand', [graph.input('buckets', 'int32', ['T', 'T']), perHead]) }
  const some: View = { mask: rowsRead(mask, 2n), pick: all.pick && rowsRead(all.pick, 2n) }
  const convolved = convolution && convolve(graph, config, convolution, normed, mask)
  return encodeLayers(graph, config, normed, read, (index, queries, keys, isRead) => {
    const layer = `deberta.encoder.layer.${String(index)}`
    const attended = attend(graph, config, groups, `${layer}.attention.self`, queries, keys, isRead ? some : all, relative)
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
  groups: number,
  self: string,
  queries: Tokens,
  keys: Tokens,
  view: View,
  relative: Relative | null,
): Value {
  const { hidden, heads, isKeyShared, terms } = config
  const scale = graph.floats([1 / Math.sqrt((1 + Number(terms.c2p) + Number(terms.p2c)) * (hidden / heads))])
  const project = (x: Value, kind: string): Value => linear(graph, x, `${self}.${kind}_proj`, hidden, hidden)
  const positions = (kind: string): Value =>
    foldedLinear(graph, relative!.rows, `${self}.${isKeyShared ? '' : 'pos_'}${kind}_proj`, hidden, hidden)
  const q = graph.op('Mul', [project(queries.states, 'query'), scale])
  const states = [q, project(keys.states, 'key'), project(keys.states, 'value')]
  const hasTerms = relative !== null && view.pick !== null
  if (hasTerms && terms.c2p) states.push(positions('key'))
  if (hasTerms && terms.p2c) states.push(graph.op('Mul', [positions('query'), scale]))
  return inHeadGroups(graph, config, groups, states, (part, [query, key, value, ...rows]) => {
    const positionKeys = terms.c2p ? rows.shift() : undefined
    const content = { queries: { ...queries, states: query! }, keys: { ...keys, states: key! }, values: value! }
    return attendHeads(graph, part, content, view, relative, { keys: positionKeys, queries: rows.shift() })
  })
}

/** Projected states [Q·R or Q·T, H] and projected relative rows [2S, H] of some heads -> [Q·R, H]. */
function attendHeads(
  graph: Graph,
  { hidden, heads }: HeadSizes,
  { queries, keys, values }: { queries: Tokens; keys: Tokens; values: Value },
  { mask, pick }: View,
  relative: Relative | null,
  positions: { keys: Value | undefined; queries: Value | undefined },
): Value {
  const width = hidden / heads
  const multiply = (a: Value, b: Value): Value => graph.op('MatMul', [a, b])
  const byHead = (x: Value, shape: Value, perm: bigint[]): Value => graph.op('Transpose', [graph.op('Reshape', [x, shape])], { perm })
  const shapeOf = ({ shape }: Tokens): Value =>
    graph.once(`${shape} by head`, () =>
      graph.op('Concat', [graph.op('Slice', [shape, graph.ints(0), graph.ints(2)]), graph.ints(heads, width)], { axis: 0n }),
    )
  const toRows = [0n, 2n, 1n, 3n] // [Q, n, T, d]
  const toColumns = [0n, 2n, 3n, 1n] // [Q, n, d, T]

  const q = byHead(queries.states, shapeOf(queries), toRows)
  const k = byHead(keys.states, shapeOf(keys), toColumns)
  const v = byHead(values, shapeOf(keys), toRows)
  const parts = [multiply(q, k)]
  if (relative && pick) {
    // Of the projected positions the W that occur: keys [1, n, d, W], queries [1, n, W, d].
    const shape = graph.ints(1, -1, heads, width)
    const occurring = (x: Value, perm: bigint[], axis: number): Value =>
      graph.op('Slice', [byHead(x, shape, perm), relative.from, relative.to, graph.ints(axis)])
    if (positions.keys !== undefined)
      parts.push(graph.op('GatherElements', [multiply(q, occurring(positions.keys, toColumns, 3)), pick], { axis: 3n }))
    if (positions.queries !== undefined)
      parts.push(graph.op('GatherElements', [multiply(occurring(positions.queries, toRows, 2), k), pick], { axis: 2n }))
  }
  const scores = [...parts, mask].reduce((sum, part) => graph.op('Add', [sum, part])) // [Q, n, R, T]
  const attended = multiply(graph.op('Softmax', [scores], { axis: -1n }), v)
  return graph.op('Reshape', [graph.op('Transpose', [attended], { perm: toRows }), graph.ints(-1, hidden)])
}
