// Who sees whom in Longformer, as modeling_longformer's LongformerForMultipleChoice has it:
//   local    the tokens of the first text see the tokens of the first text within a radius, and all global ones
//   global   the option and the </s> behind it (everything behind "</s></s>"), with projections of their own, see all tokens
// The queries go in blocks of like size. A block has a list of keys: the stretch of tokens that any of its queries could see, then the global
// ones; a bias on each pair says which of them a query does see. So cost is linear in length, the graph knows nothing of windows, and a short
// sequence is one block: ordinary full attention.
import { MOST_GLOBAL_TOKENS } from '../encode/pairs'
import { AppError } from '../errors'
import type { Feed, Feeds } from './feeds'
import { BLOCKED } from './weights'

/** Smaller blocks would only be slower. */
const LEAST_BLOCK = 32
/** GPU kernels that read four numbers at once apply where sizes are multiples of it. */
const LANES = 4

export interface Sight {
  /** Of the layers that compute all tokens, without repetition. */
  radii: readonly number[]
  /** Of the last layer, which computes the first token only. */
  lastRadius: number
  /** What ends a text. */
  separator: number
}

/** A sequence is padded to a multiple of this, so that its blocks are equal. `tokens`: the longest one's. */
export function blockStep(tokens: number, sight: Sight): number {
  return LANES * blockCount(tokens, sight)
}

/** Padding up to `blockStep` does not change it. */
const blockCount = (tokens: number, sight: Sight): number => Math.ceil(tokens / blockSize(sight))
const blockSize = ({ radii }: Sight): number => Math.max(LEAST_BLOCK, ...radii.map(aligned))

/** Keys of a block, at most, of sequences up to `tokens`: the stretch around it, and the option's. */
export function mostKeys(tokens: number, sight: Sight): number {
  const near = blockSize(sight) + 2 * Math.max(...sight.radii, 0)
  return aligned(Math.min(near, tokens)) + aligned(Math.min(MOST_GLOBAL_TOKENS, tokens))
}
/** Blocks of a batch of `rows` tokens, at most: the last one of a sequence may be small. */
export const mostBlocks = (rows: number, sight: Sight): number => Math.ceil((2 * rows) / blockSize(sight))

/**
 * Inputs for sequences that were padded to `tokens` each, a multiple of `blockStep`. Rows count tokens of all sequences, n · tokens + t.
 *   keys_r, bias_r          of each radius r: [M, K], rows; [M, 1, B, K], added to the scores; M blocks of B queries, sequence by sequence
 *   keys_last, bias_last    the same for the last layer, of one query a sequence
 *   global_rows             [N, G]; a sequence with fewer repeats its first token, which then counts nowhere
 *   source_rows             [N · tokens]: where a token's result lies when those of all global queries follow those of all local ones
 * Throws model_unsupported in layout shared-prefix, which gives no sequences.
 */
export function longformerFeeds(tokens: number, sequences: readonly Int32Array[], sight: Sight): Feeds {
  const N = sequences.length
  if (N === 0) throw new AppError('model_unsupported', { field: 'layout', value: 'shared-prefix', known: 'pairs, for longformer' })
  const spans = sequences.map((ids): Span => ({ option: optionStart(ids, sight.separator), end: ids.length }))
  const G = aligned(Math.max(...spans.map(({ option, end }) => end - option)))
  const globalRows = new Int32Array(N * G)
  const sourceRows = Int32Array.from({ length: N * tokens }, (_, row) => row)
  spans.forEach(({ option, end }, n) => {
    for (let g = 0; g < G; g++) globalRows[n * G + g] = n * tokens + (option + g < end ? option + g : 0)
    for (let t = option; t < end; t++) sourceRows[n * tokens + t] = N * tokens + n * G + t - option
  })

  const size = tokens / blockCount(tokens, sight)
  const starts = Array.from({ length: tokens / size }, (_, block) => block * size)
  const blocksOf = (radius: number, queries: Queries): { keys: Feed; bias: Feed } => blocks(spans, tokens, globalRows, radius, queries)
  const last = blocksOf(sight.lastRadius, { starts: [0], size: 1 })
  const feeds: Feeds = {
    keys_last: last.keys,
    bias_last: last.bias,
    global_rows: { data: globalRows, shape: [N, G] },
    source_rows: { data: sourceRows, shape: [N * tokens] },
  }
  for (const radius of sight.radii) {
    const { keys, bias } = blocksOf(radius, { starts, size })
    feeds[`keys_${String(radius)}`] = keys
    feeds[`bias_${String(radius)}`] = bias
  }
  return feeds
}

/** Tokens from `option` to `end` are global; behind them is padding. */
interface Span {
  option: number
  end: number
}
/** `size` queries from each of `starts` on, in every sequence. */
interface Queries {
  starts: readonly number[]
  size: number
}

/** `globalRows` [N, G] */
function blocks(
  spans: readonly Span[],
  tokens: number,
  globalRows: Int32Array,
  radius: number,
  { starts, size }: Queries,
): { keys: Feed; bias: Feed } {
  const G = globalRows.length / spans.length
  // The longest stretch that a block could see: at the ends of a sequence it is shorter.
  const near = aligned(Math.max(...starts.map((at) => Math.min(at + size + radius, tokens) - Math.max(at - radius, 0))))
  const K = near + G
  const M = spans.length * starts.length
  const keys = new Int32Array(M * K)
  const bias = new Float32Array(M * size * K).fill(BLOCKED)
  spans.forEach(({ option, end }, n) => {
    starts.forEach((start, block) => {
      const m = n * starts.length + block
      const from = Math.min(Math.max(start - radius, 0), tokens - near)
      for (let k = 0; k < near; k++) keys[m * K + k] = n * tokens + from + k
      keys.set(globalRows.subarray(n * G, (n + 1) * G), m * K + near)
      for (let query = start; query < start + size; query++) {
        const row = (m * size + query - start) * K
        bias.fill(0, row + Math.max(query - radius - from, 0), row + Math.max(Math.min(query + radius + 1, option) - from, 0))
        bias.fill(0, row + near, row + near + end - option)
      }
    })
  })
  return { keys: { data: keys, shape: [M, K] }, bias: { data: bias, shape: [M, 1, size, K] } }
}

/** The first token behind "</s></s>". Throws model_unsupported where the tokenizer and the config disagree about </s>. */
function optionStart(ids: Int32Array, separator: number): number {
  const option = ids.indexOf(separator) + 2
  if (option === 1 || option >= ids.length)
    throw new AppError('model_unsupported', {
      field: 'sep_token_id in config.json',
      value: separator,
      known: 'the token that tokenizer.json puts between two texts',
    })
  return option
}

const aligned = (n: number): number => Math.ceil(n / LANES) * LANES
