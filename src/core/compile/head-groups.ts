// In how many parts the heads of a layer are computed, so that no buffer is larger than what every GPU binds: WebGPU promises 128 MiB
// (maxStorageBufferBindingSize, https://www.w3.org/TR/webgpu/#limits), and the scores of long texts are more: 16 heads of 2,048 x 2,048 numbers are
// 256 MiB. Heads know nothing of each other, so a part is the attention of a smaller model. What fits at once is computed at once.
import type { Graph, Value } from './graph'

export interface Limits {
  /** Of the longest sequence. */
  tokens: number
  /** Of one buffer. */
  bufferBytes: number
}
export const MOST_BUFFER_BYTES = 128 << 20

/** Tokens of a batch on a GPU (BUDGETS in adapters/ort); a longer sequence is a batch of its own. */
const BATCH_TOKENS = 2048
const BYTES = 4

/** All tokens of the largest batch. */
export const batchRows = ({ tokens }: Limits): number => Math.max(tokens, BATCH_TOKENS)

/** The smallest number of equal parts of which each fits; all heads one by one where not even one fits. `cells`: of the largest buffer of one head. */
export function headGroups(heads: number, cells: number, { bufferBytes }: Limits): number {
  for (let groups = 1; groups < heads; groups++) if (heads % groups === 0 && (heads / groups) * cells * BYTES <= bufferBytes) return groups
  return heads
}

/** Where every token sees every token. */
export const fullAttentionGroups = (heads: number, limits: Limits): number => headGroups(heads, batchRows(limits) * limits.tokens, limits)

export interface HeadSizes {
  hidden: number
  heads: number
}
/** Columns of `states` [..., H] belong to heads; `attend` gets those of its part and gives as many. Gives [..., H]. */
export function inHeadGroups(
  graph: Graph,
  { hidden, heads }: HeadSizes,
  groups: number,
  states: readonly Value[],
  attend: (part: HeadSizes, states: readonly Value[], group: number) => Value,
): Value {
  if (groups === 1) return attend({ hidden, heads }, states, 0)
  const part = { hidden: hidden / groups, heads: heads / groups }
  const last = graph.ints(-1)
  const parts = Array.from({ length: groups }, (_, group) => {
    const bounds = [group * part.hidden, (group + 1) * part.hidden].map((column) => graph.ints(column))
    const columns = states.map((x) => graph.op('Slice', [x, ...bounds, last]))
    return attend(part, columns, group)
  })
  return graph.op('Concat', parts, { axis: -1n })
}
