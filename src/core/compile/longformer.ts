// Longformer (Beltagy et al. 2020, "Longformer: The Long-Document Transformer"), as Hugging Face's LongformerForMultipleChoice: the layers of
// RoBERTa, but a token sees only a window around it and the global tokens, here those of the option; these see everything, by projections of
// their own. A block of queries and the keys that it could see are a short sequence of its own, so that windows run on the operator that full
// attention runs on; which keys these are is said by the feeds (longformer-feeds.ts).
import { createFields } from '../checkpoint/config-fields'
import type { OpenArchitecture } from './architecture'
import { scoreFirst } from './bert'
import { bertTables } from './bert-config'
import { attend, attention, encodeLayers, feedForward, feedForwardNames, toTokens, type Tokens } from './encoder-layer'
import type { Graph, Value } from './graph'
import { batchRows, headGroups, inHeadGroups, type HeadSizes, type Limits } from './head-groups'
import { readLongformerConfig, type LongformerConfig } from './longformer-config'
import { blockStep, longformerFeeds, mostBlocks, mostKeys, type Sight } from './longformer-feeds'
import { layerNorm, linear } from './weights'

export const openLongformer: OpenArchitecture = (json, graph, limits) => {
  const config = readLongformerConfig(createFields(json))
  const { hidden, radii, separator } = config
  const sight = { radii: [...new Set(radii.slice(0, -1))], lastRadius: radii.at(-1)!, separator }
  return {
    hidden,
    tables: bertTables('longformer', config),
    encode: (x, mask, read) => encode(graph, config, sight, groupsOf(config, sight, limits), x, mask, read),
    score: (first) => scoreFirst(graph, 'longformer', hidden, first),
    feed: (positions, sequences) => longformerFeeds(positions.length, sequences, sight),
    step: (longest) => blockStep(longest, sight),
  }
}

/** The scores of all queries in blocks are the most numbers, or the keys that are copied for every block. */
export function groupsOf({ hidden, heads }: HeadSizes, sight: Sight, limits: Limits): number {
  const rows = batchRows(limits)
  const keys = mostKeys(limits.tokens, sight)
  return headGroups(heads, Math.max(rows * keys, mostBlocks(rows, sight) * keys * (hidden / heads)), limits)
}

/** x [N, T, H], mask [N, 1, 1, T] -> [N, 1, H]; `read` is the first token, as in layout pairs. Adds the inputs of `longformerFeeds`. */
function encode(graph: Graph, config: LongformerConfig, sight: Sight, groups: number, x: Value, mask: Value, read: Value): Value {
  const normed = layerNorm(graph, x, 'longformer.embeddings.LayerNorm', config.hidden, config.epsilon)
  const last = blockInputs(graph, 'last')
  const global = globalInputs(graph, mask)
  const windows = new Map(sight.radii.map((r) => [r, blockInputs(graph, String(r))]))
  return encodeLayers(graph, config, normed, read, (index, queries, keys, isRead) => {
    const layer = `longformer.encoder.layer.${String(index)}`
    const names = `${layer}.attention.self`
    const attended = isRead
      ? lastAttention(graph, config, names, queries.states, keys.states, last)
      : selfAttention(graph, config, groups, names, keys, windows.get(config.radii[index]!)!, global)
    return feedForward(graph, config, feedForwardNames(layer), queries.states, attended)
  })
}

/** M blocks of B queries and K keys. */
export interface BlockInputs {
  /** [M, K] */
  keys: Value
  /** [M, 1, B, K] */
  bias: Value
}
export interface GlobalInputs {
  /** [N, G] */
  rows: Value
  /** [N, 1, G, T] */
  bias: Value
  /** [N·T] */
  sources: Value
}

/** `name` tells these from those of other layers: a radius, or 'last'. */
export function blockInputs(graph: Graph, name: string): BlockInputs {
  const [blocks, queries, keys] = [`M_${name}`, `B_${name}`, `K_${name}`]
  return {
    keys: graph.input(`keys_${name}`, 'int32', [blocks, keys]),
    bias: graph.input(`bias_${name}`, 'float32', [blocks, 1, queries, keys]),
  }
}
/** mask [N, 1, 1, T] */
export function globalInputs(graph: Graph, mask: Value): GlobalInputs {
  const rows = graph.input('global_rows', 'int32', ['N', 'G'])
  const count = graph.op('Shape', [rows], { start: 1n, end: 2n })
  const bias = graph.op('Expand', [mask, graph.op('Concat', [graph.ints(1, 1), count, graph.ints(1)], { axis: 0n })])
  return { rows, bias, sources: graph.input('source_rows', 'int32', ['NT']) }
}

/** What every token attends to, before the output projection [N·T, H]. `names` begins the names of the six projections. */
export function selfAttention(
  graph: Graph,
  sizes: HeadSizes,
  groups: number,
  names: string,
  tokens: Tokens,
  window: BlockInputs,
  global: GlobalInputs,
): Value {
  const project = (part: string): Value => linear(graph, tokens.states, `${names}.${part}`, sizes.hidden, sizes.hidden)
  const local = inHeadGroups(graph, sizes, groups, ['query', 'key', 'value'].map(project), (part, [queries, ...states]) => {
    const [keys, values] = states.map((x) => graph.op('Gather', [x, window.keys], { axis: 0n }))
    return blockAttention(graph, part, queries!, keys!, values!, window.bias)
  })
  const globalTokens = toTokens(graph, sizes.hidden, graph.op('Gather', [tokens.states, global.rows], { axis: 0n }))
  const globalNames = { query: `${names}.query_global`, key: `${names}.key_global`, value: `${names}.value_global` }
  const fromAll = attention(graph, sizes, groups, globalNames, globalTokens, tokens, global.bias)
  return graph.op('Gather', [graph.op('Concat', [local, fromAll], { axis: 0n }), global.sources], { axis: 0n })
}

/** The same for the first token of each sequence, queries [N, H] -> [N, H]. Only the keys that it could see are projected. */
function lastAttention(graph: Graph, sizes: HeadSizes, names: string, queries: Value, states: Value, { keys, bias }: BlockInputs): Value {
  const { hidden } = sizes
  const seen = toTokens(graph, hidden, graph.op('Gather', [states, keys], { axis: 0n }))
  const project = (part: string): Value => graph.op('Reshape', [linear(graph, seen.states, `${names}.${part}`, hidden, hidden), seen.shape])
  return blockAttention(graph, sizes, linear(graph, queries, `${names}.query`, hidden, hidden), project('key'), project('value'), bias)
}

/** queries [M·B, H], keys and values [M, K, H], bias [M, 1, B, K] -> [M·B, H] */
function blockAttention(graph: Graph, sizes: HeadSizes, queries: Value, keys: Value, values: Value, bias: Value): Value {
  const { hidden } = sizes
  const dimension = (from: bigint): Value => graph.op('Shape', [bias], { start: from, end: from + 1n })
  const inBlocks = graph.op('Reshape', [queries, graph.op('Concat', [dimension(0n), dimension(2n), graph.ints(hidden)], { axis: 0n })])
  return graph.op('Reshape', [attend(graph, sizes, inBlocks, keys, values, bias), graph.ints(-1, hidden)])
}
