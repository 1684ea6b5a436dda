// What is read from the last layer: pooled score + late interaction, as MC.shared and MC.max_sim of models/recipe/deberta.py. Layout pairs has
// the first only.
// Late interaction (ColBERT, Khattab & Zaharia 2020): every inner token of a choice takes its best cosine with a token of the context, 0 at
// least; their mean, weighted by a softmax of learned token weights, times a learned scale. Without a context the term is 0.
import { activate } from './kernels/activation'
import { gemmFloat, PLAIN } from './kernels/gemm-float'
import { dotRow, scaleRow } from './kernels/norm'
import { exp4, splat } from './kernels/vector'
import { classifier, head, headNumbers, hidden, poolerActivation, poolerBias, stateBytes, tokenWeight } from './layout'
import { choicesOf, contextOf, keptOf, lengthOf, nextQuestion } from './record'

/**
 * states: the kept rows, question by question: context tokens, then each choice's; context rows are normalised in place.
 * pooled and work: [choices + 6][H]. out: one logit a choice.
 */
export function readLogits(states: usize, questions: usize, count: i32, pooled: usize, work: usize, out: usize): void {
  let choices = 0, row = states, q = questions
  for (let i = 0; i < count; i++, q = nextQuestion(q)) {
    const context = contextOf(q), contextRows = row
    for (let t = 0; t < context; t++, row += stateBytes) scaleRow(row, <f32>1 / sqrt<f32>(dotRow(row, row, hidden)), hidden)
    for (let c = 0; c < choicesOf(q); c++, choices++) {
      const kept = keptOf(q, lengthOf(q, c))
      memory.copy(pooled + choices * stateBytes, row, stateBytes)
      store<f32>(out + <usize>choices * 4, context ? lateInteraction(row + stateBytes, kept - 1, contextRows, context) : 0)
      row += kept * stateBytes
    }
  }
  gemmFloat(pooled, stateBytes, head, <usize>hidden * 32, poolerBias(), work, stateBytes, 32, choices, hidden, hidden, PLAIN)
  activate(work, choices * hidden, poolerActivation)
  const bias = load<f32>(headNumbers())
  for (let c = 0; c < choices; c++) {
    const o = out + <usize>c * 4
    store<f32>(o, load<f32>(o) + dotRow(work + c * stateBytes, classifier(), hidden) + bias)
  }
}

/** tokens: n rows of a choice; context: rows of length 1. The softmax does not change with token_weight's bias. */
function lateInteraction(tokens: usize, n: i32, context: usize, contextTokens: i32): f32 {
  let top: f32 = -Infinity, sum: f32 = 0, late: f32 = 0
  for (let t = 0; t < n; t++) top = max(top, dotRow(tokens + t * stateBytes, tokenWeight(), hidden))
  for (let t = 0; t < n; t++) {
    const token = tokens + t * stateBytes
    let best: f32 = 0
    for (let i = 0; i < contextTokens; i++) best = max(best, dotRow(token, context + i * stateBytes, hidden))
    const weight = f32x4.extract_lane(exp4(splat(dotRow(token, tokenWeight(), hidden) - top)), 0)
    sum += weight
    late += (weight * best) / sqrt<f32>(dotRow(token, token, hidden))
  }
  return sum > 0 ? (late / sum) * load<f32>(headNumbers(), 8) : 0
}
