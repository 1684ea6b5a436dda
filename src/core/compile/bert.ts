// BERT (Devlin et al. 2019) and RoBERTa (Liu et al. 2019), as Hugging Face's modeling_bert and modeling_roberta, …ForMultipleChoice. They differ
// in the names of their tensors and in where positions begin.
import { createFields } from '../checkpoint/config-fields'
import type { OpenArchitecture } from './architecture'
import { bertTables, readBertConfig, type BertConfig } from './bert-config'
import { attention, encodeLayers, feedForward, feedForwardNames } from './encoder-layer'
import type { Graph, Value } from './graph'
import { fullAttentionGroups, type Limits } from './head-groups'
import { layerNorm, linear } from './weights'

export const openBert: OpenArchitecture = (...asked) => open('bert', ...asked)
export const openRoberta: OpenArchitecture = (...asked) => open('roberta', ...asked)

function open(name: 'bert' | 'roberta', ...[json, graph, limits]: Parameters<OpenArchitecture>): ReturnType<OpenArchitecture> {
  const config = readBertConfig(createFields(json), name)
  return {
    hidden: config.hidden,
    tables: bertTables(name, config),
    encode: (x, mask, read) => encode(graph, name, config, limits, x, mask, read),
    score: (first) => scoreFirst(graph, name, config.hidden, first),
    feed: () => ({}),
    step: 4, // GPU kernels that read four numbers at once then apply
  }
}

/** The pooler and the classifier, which RoBERTa, Longformer and MPNet have too. first [N, H] -> [N, 1]. Throws weights_damaged. */
export function scoreFirst(graph: Graph, name: string, hidden: number, first: Value): Value {
  const pooled = graph.op('Tanh', [linear(graph, first, `${name}.pooler.dense`, hidden, hidden)])
  return linear(graph, pooled, 'classifier', hidden, 1)
}

function encode(graph: Graph, name: string, config: BertConfig, limits: Limits, x: Value, mask: Value, read: Value): Value {
  const groups = fullAttentionGroups(config.heads, limits)
  const normed = layerNorm(graph, x, `${name}.embeddings.LayerNorm`, config.hidden, config.epsilon)
  const maskRead = graph.op('Gather', [mask, read], { axis: 2n })
  return encodeLayers(graph, config, normed, read, (index, queries, keys, isRead) => {
    const layer = `${name}.encoder.layer.${String(index)}`
    const part = (kind: string): string => `${layer}.attention.self.${kind}`
    const names = { query: part('query'), key: part('key'), value: part('value') }
    const attended = attention(graph, config, groups, names, queries, keys, isRead ? maskRead : mask)
    return feedForward(graph, config, feedForwardNames(layer), queries.states, attended)
  })
}
