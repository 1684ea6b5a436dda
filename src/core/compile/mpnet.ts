// MPNet (Song et al. 2020), as Hugging Face's MPNetForMultipleChoice: the layers of BERT, learned positions, and one table of relative positions
// that every layer adds to its scores, a number for each head and bucket (T5's, Raffel et al. 2020).
// The bias is looked up once, from a [T, T] table of buckets that serves a whole batch, and goes with the mask, so that layers know nothing of it.
import { createFields, type ConfigFields } from '../checkpoint/config-fields'
import type { OpenArchitecture } from './architecture'
import { scoreFirst } from './bert'
import { readCommon, type CommonConfig } from './common-config'
import type { EmbeddingTables } from './embedding'
import { attention, encodeLayers, feedForward, feedForwardNames } from './encoder-layer'
import type { Feeds } from './feeds'
import type { Graph, Value } from './graph'
import { fullAttentionGroups, type Limits } from './head-groups'
import { float, layerNorm } from './weights'

const f32 = Math.fround
/** modeling_mpnet reads 32 buckets whatever the config says; the table may have more rows. */
const BUCKETS = 32
const MAX_DISTANCE = 128
/** The position of the first token: padding_idx + 1, which is not the config's either. */
export const FIRST_POSITION = 2

export const openMpnet: OpenArchitecture = (json, graph, limits) => {
  const config = readMpnetConfig(createFields(json))
  const { hidden } = config
  return {
    hidden,
    tables: mpnetTables(config),
    encode: (x, mask, read) => encode(graph, config, limits, x, mask, read),
    score: (first) => scoreFirst(graph, 'mpnet', hidden, first),
    feed: relativeFeeds,
    step: 4, // GPU kernels that read four numbers at once then apply
  }
}

export interface MpnetConfig extends CommonConfig {
  /** Rows of the relative table. */
  relative: number
}

/** Throws model_unsupported. */
export function readMpnetConfig(fields: ConfigFields): MpnetConfig {
  return { ...readCommon(fields, 1e-12), relative: fields.count('relative_attention_num_buckets', BUCKETS, BUCKETS) }
}

export function mpnetTables({ hidden, vocabulary, positions }: MpnetConfig): EmbeddingTables {
  return {
    hidden,
    words: { name: 'mpnet.embeddings.word_embeddings.weight', rows: vocabulary },
    positions: { name: 'mpnet.embeddings.position_embeddings.weight', rows: positions, first: FIRST_POSITION },
    types: null,
  }
}

/** Adds the input that `relativeFeeds` fills. */
function encode(graph: Graph, config: MpnetConfig, limits: Limits, x: Value, mask: Value, read: Value): Value {
  const groups = fullAttentionGroups(config.heads, limits)
  const normed = layerNorm(graph, x, 'mpnet.embeddings.LayerNorm', config.hidden, config.epsilon)
  const table = float(graph, 'mpnet.encoder.relative_attention_bias.weight', [config.relative, config.heads])
  const byHead = graph.op('Transpose', [table], { perm: [1n, 0n] })
  const buckets = graph.input('buckets', 'int32', ['T', 'T'])
  const rowsOf = (group: number): Value => {
    const bounds = [group, group + 1].map((at) => graph.ints((at * config.heads) / groups))
    return graph.op('Slice', [byHead, ...bounds, graph.ints(0)])
  }
  const all = Array.from({ length: groups }, (_, group) => {
    const bias = graph.op('Gather', [groups === 1 ? byHead : rowsOf(group), buckets], { axis: 1n })
    return graph.op('Add', [mask, bias]) // [N, heads / groups, T, T]
  })
  const some = all.map((bias) => graph.op('Gather', [bias, read], { axis: 2n }))
  return encodeLayers(graph, config, normed, read, (index, queries, keys, isRead) => {
    const layer = `mpnet.encoder.layer.${String(index)}`
    const part = (name: string): string => `${layer}.attention.attn.${name}`
    const parts = { query: part('q'), key: part('k'), value: part('v') }
    const attended = attention(graph, config, groups, parts, queries, keys, isRead ? some : all)
    const names = { ...feedForwardNames(layer), attended: part('o'), attendedNorm: `${layer}.attention.LayerNorm` }
    return feedForward(graph, config, names, queries.states, attended)
  })
}

/** Row of the relative table for key position − query position = `offset`. As `relative_position_bucket`, in the same single precision. */
export function relativeBucket(offset: number): number {
  const half = BUCKETS / 2
  const exact = half / 2
  const distance = Math.abs(offset)
  const logarithmic = (): number => {
    const share = f32(f32(Math.log(f32(distance / exact))) / f32(Math.log(MAX_DISTANCE / exact)))
    return Math.min(exact + Math.trunc(f32(share * (half - exact))), half - 1)
  }
  return (offset > 0 ? half : 0) + (distance < exact ? distance : logarithmic())
}

function relativeFeeds(positions: Int32Array): Feeds {
  const T = positions.length
  const buckets = Int32Array.from({ length: T * T }, (_, i) => relativeBucket(positions[i % T]! - positions[Math.floor(i / T)]!))
  return { buckets: { data: buckets, shape: [T, T] } }
}
