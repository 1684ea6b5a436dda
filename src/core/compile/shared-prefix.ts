// Layout shared-prefix with the two-part head (docs/architecture.md): the context and the prompt are read once, the choices lie behind them, each
// sees the prefix and itself. All of that is said by masks and tables, so the graph knows only tokens: T of them come in, R are read.
//   logit = classifier(gelu(dense(first token))) + scale · Σ weight · max cosine to a context token
// The second term is ColBERT's MaxSim (Khattab & Zaharia 2020) with a learned softmax weight for every inner token of the choice.
import type { Encode } from './architecture'
import { MICROSOFT, type Graph, type Value } from './graph'
import { BLOCKED, float, linear } from './weights'

/** Inputs are filled by `feedSharedPrefix`. Output: logits [Q, C]. Throws weights_damaged. */
export function writeSharedPrefix(graph: Graph, hidden: number, encode: Encode): void {
  const x = graph.input('embeddings', 'float32', ['Q', 'T', hidden])
  const mask = graph.op('Add', [graph.input('block_mask', 'float32', ['T', 'T']), graph.input('key_mask', 'float32', ['Q', 1, 1, 'T'])])
  const states = encode(x, mask, graph.input('read', 'int32', ['R']))
  const logits = graph.op('Add', [pooledScore(graph, states, hidden), lateInteraction(graph, states, hidden)])
  graph.output('logits', logits, ['Q', 'C'])
}

/** Hugging Face's pooler and classifier on the first token of each choice. -> [Q, C] */
function pooledScore(graph: Graph, states: Value, hidden: number): Value {
  const first = graph.op('Gather', [states, graph.input('first', 'int32', ['C'])], { axis: 1n })
  const flat = graph.op('Reshape', [first, graph.ints(-1, hidden)])
  const pooled = graph.op('Gelu', [linear(graph, flat, 'pooler.dense', hidden, hidden)], {}, MICROSOFT)
  const shape = graph.op('Shape', [first], { start: 0n, end: 2n })
  return graph.op('Reshape', [linear(graph, pooled, 'classifier', hidden, 1), shape])
}

/** Without a context every cosine counts 0, as in the reference; so does the best one where all are negative. -> [Q, C] */
function lateInteraction(graph: Graph, states: Value, hidden: number): Value {
  const contextMask = graph.input('context_mask', 'float32', ['Q', 1, 'R'])
  const innerMask = graph.input('inner_mask', 'float32', ['Q', 'C', 'R'])
  // A root-mean-square norm with gain 1/√H makes unit vectors.
  const gain = graph.floats(new Array<number>(hidden).fill(1 / Math.sqrt(hidden)), [hidden])
  const unit = graph.op('SimplifiedLayerNormalization', [states, gain], { axis: -1n, epsilon: 1e-24 })
  const cosines = graph.op('MatMul', [unit, graph.op('Transpose', [unit], { perm: [0n, 2n, 1n] })])
  const best = graph.op('Relu', [graph.op('ReduceMax', [graph.op('Mul', [cosines, contextMask])], { axes: [2n], keepdims: 1n })]) // [Q, R, 1]

  const flat = graph.op('Reshape', [states, graph.ints(-1, hidden)])
  const rows = graph.op('Shape', [contextMask]) // [Q, 1, R]
  const strength = graph.op('Reshape', [linear(graph, flat, 'late_interaction.token_weight', hidden, 1), rows])
  const outside = graph.op('Mul', [graph.op('Sub', [graph.floats([1]), innerMask]), graph.floats([BLOCKED])])
  const weights = graph.op('Mul', [graph.op('Softmax', [graph.op('Add', [strength, outside])], { axis: -1n }), innerMask]) // [Q, C, R]
  const mean = graph.op('MatMul', [weights, best]) // [Q, C, 1]
  const scaled = graph.op('Mul', [mean, float(graph, 'late_interaction.scale', [])])
  return graph.op('Reshape', [scaled, graph.op('Shape', [innerMask], { start: 0n, end: 2n })])
}
