// What the encoders of the BERT family share: layers of attention and feed-forward, each with a residual and a norm behind it, of which the last
// computes only the tokens that are read. Linear layers like the tokens of all sequences as rows of one matrix, attention wants them apart.
import { activate, type Activation } from './activation'
import type { Graph, Value } from './graph'
import { inHeadGroups, type HeadSizes } from './head-groups'
import { addAndNorm, linear } from './weights'

export interface LayerSizes extends HeadSizes {
  layers: number
  intermediate: number
  epsilon: number
  activation: Activation
}
/** Tokens of N sequences. */
export interface Tokens {
  /** [N·T, H] */
  states: Value
  /** N, T, H */
  shape: Value
}

/** x [N, T, H] */
export function toTokens(graph: Graph, hidden: number, x: Value): Tokens {
  return { states: graph.op('Reshape', [x, graph.ints(-1, hidden)]), shape: graph.op('Shape', [x]) }
}

/**
 * x [N, T, H], read [R] -> [N, R, H]. `layer` gives the states [N·R, H] of its queries; in the last layer these are the tokens that are read
 * (`isRead`), in all others they are all tokens. Keys are always all tokens.
 */
export function encodeLayers(
  graph: Graph,
  { hidden, layers }: Pick<LayerSizes, 'hidden' | 'layers'>,
  x: Value,
  read: Value,
  layer: (index: number, queries: Tokens, keys: Tokens, isRead: boolean) => Value,
): Value {
  let tokens = toTokens(graph, hidden, x)
  for (let index = 0; index < layers - 1; index++) tokens = { ...tokens, states: layer(index, tokens, tokens, false) }
  const states = graph.op('Gather', [graph.op('Reshape', [tokens.states, tokens.shape]), read], { axis: 1n })
  const queries = toTokens(graph, hidden, states)
  return graph.op('Reshape', [layer(layers - 1, queries, tokens, true), queries.shape])
}

/** The projections of a layer. */
export interface AttentionNames {
  query: string
  key: string
  value: string
}

/**
 * What tokens attend to by the three projections of a layer [N·R, H], in `groups` of heads. `bias` [N or 1, heads or 1, R or 1, T]: one for all heads,
 * or one for each group.
 */
export function attention(
  graph: Graph,
  sizes: HeadSizes,
  groups: number,
  names: AttentionNames,
  queries: Tokens,
  keys: Tokens,
  bias: Value | readonly Value[],
): Value {
  const { hidden } = sizes
  const project = ({ states, shape }: Tokens, name: string): Value =>
    graph.op('Reshape', [linear(graph, states, name, hidden, hidden), shape])
  const states = [project(queries, names.query), project(keys, names.key), project(keys, names.value)]
  const attended = inHeadGroups(graph, sizes, groups, states, (part, [q, k, v], group) =>
    attend(graph, part, q!, k!, v!, typeof bias === 'string' ? bias : bias[group]!),
  )
  return graph.op('Reshape', [attended, graph.ints(-1, hidden)])
}

/**
 * softmax(q kᵀ / √d + bias) v, head by head: q [N, R, H], k and v [N, T, H], bias [N or 1, heads or 1, R or 1, T] -> [N, R, H].
 * onnxruntime has it as one operator, MultiHeadAttention, which on WebGPU gives wrong numbers where there is a bias.
 */
export function attend(graph: Graph, { hidden, heads }: HeadSizes, q: Value, k: Value, v: Value, bias: Value): Value {
  const width = hidden / heads
  const byHead = (x: Value, ...perm: bigint[]): Value =>
    graph.op('Transpose', [graph.op('Reshape', [x, graph.ints(0, 0, heads, width)])], { perm })
  const scaled = graph.op('Mul', [q, graph.floats([1 / Math.sqrt(width)])])
  const scores = graph.op('MatMul', [byHead(scaled, 0n, 2n, 1n, 3n), byHead(k, 0n, 2n, 3n, 1n)])
  const shares = graph.op('Softmax', [graph.op('Add', [scores, bias])], { axis: -1n })
  const attended = graph.op('MatMul', [shares, byHead(v, 0n, 2n, 1n, 3n)])
  return graph.op('Reshape', [graph.op('Transpose', [attended], { perm: [0n, 2n, 1n, 3n] }), graph.ints(0, 0, hidden)])
}

/** What all configs of the family call alike behind attention; MPNet alone has other names for the output of attention. */
export interface FeedForwardNames {
  /** The projection of what was attended, and its norm. */
  attended: string
  attendedNorm: string
  intermediate: string
  output: string
  outputNorm: string
}
export function feedForwardNames(layer: string): FeedForwardNames {
  return {
    attended: `${layer}.attention.output.dense`,
    attendedNorm: `${layer}.attention.output.LayerNorm`,
    intermediate: `${layer}.intermediate.dense`,
    output: `${layer}.output.dense`,
    outputNorm: `${layer}.output.LayerNorm`,
  }
}

/** What follows attention in a layer: output projection, intermediate and output. skip, attended [N·R, H] -> [N·R, H]. Throws weights_damaged. */
export function feedForward(graph: Graph, sizes: LayerSizes, names: FeedForwardNames, skip: Value, attended: Value): Value {
  const { hidden, intermediate, epsilon, activation } = sizes
  const projected = linear(graph, attended, names.attended, hidden, hidden)
  const normed = addAndNorm(graph, projected, skip, names.attendedNorm, hidden, epsilon)
  const wide = activate(graph, activation, linear(graph, normed, names.intermediate, hidden, intermediate))
  return addAndNorm(graph, linear(graph, wide, names.output, intermediate, hidden), normed, names.outputNorm, hidden, epsilon)
}
