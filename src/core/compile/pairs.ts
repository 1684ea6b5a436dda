// Layout pairs: every option stands in a sequence of its own behind the context and the prompt. The graph takes sequences as embedded tokens,
// padded on their right; what is padded is masked as a key, and of the last layer only the first token is computed.
import { choiceIdsOf, type Batch } from '../encode/batches'
import { AppError } from '../errors'
import type { ModelInput } from '../types'
import type { Architecture } from './architecture'
import type { Embedding } from './embedding'
import type { Feeds } from './feeds'
import type { Graph } from './graph'
import { BLOCKED } from './weights'

/** Inputs are filled by `feedPairs`. Output: logits [N, 1]. Throws weights_damaged. */
export function writePairs(graph: Graph, { hidden, encode, score }: Architecture): void {
  const x = graph.input('embeddings', 'float32', ['N', 'T', hidden])
  const mask = graph.input('key_mask', 'float32', ['N', 1, 1, 'T'])
  const first = encode(x, mask, graph.ints(0)) // [N, 1, H]
  graph.output('logits', score(graph.op('Reshape', [first, graph.ints(-1, hidden)])), ['N', 1])
}

/**
 * Inputs for `batch`. The logits come back as [N, 1], choice by choice, piece by piece; a piece with fewer choices than the others repeats its
 * first one.
 */
export function feedPairs(
  batch: Batch,
  inputs: readonly ModelInput[],
  embedding: Embedding,
  { hidden, feed, step }: Pick<Architecture, 'hidden' | 'feed' | 'step'>,
): Feeds {
  const pairs = batch.pieces.flatMap(({ input, choices }) =>
    batch.choices.map((_, slot) => pairOf(inputs[input]!, choices[slot] ?? choices[0]!)),
  )
  const N = pairs.length
  const longest = Math.max(...pairs.map(({ ids }) => ids.length))
  const multiple = typeof step === 'number' ? step : step(longest)
  const T = Math.ceil(longest / multiple) * multiple
  const embeddings = new Float32Array(N * T * hidden)
  const keyMask = new Float32Array(N * T).fill(BLOCKED)
  pairs.forEach(({ ids, types }, n) => {
    ids.forEach((id, t) => {
      embedding.write(id, t, types?.[t] ?? 0, embeddings, (n * T + t) * hidden)
    })
    keyMask.fill(0, n * T, n * T + ids.length)
  })
  return {
    embeddings: { data: embeddings, shape: [N, T, hidden] },
    key_mask: { data: keyMask, shape: [N, 1, 1, T] },
    ...feed(
      Int32Array.from({ length: T }, (_, t) => t),
      pairs.map(({ ids }) => ids),
    ),
  }
}

function pairOf(input: ModelInput, choice: number): { ids: Int32Array; types: Int32Array | null } {
  if (input.layout !== 'pairs') throw new AppError('model_unsupported', { field: 'layout', value: input.layout, known: 'pairs' })
  const pair = input.pairs[choice]
  if (!pair) throw new Error(`internal: choice ${String(choice)} of ${String(choiceIdsOf(input).length)}`)
  return pair
}
