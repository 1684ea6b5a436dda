// BERT and RoBERTa (modeling_bert, modeling_roberta), which differ in names and in where positions begin.
import type { ConfigFields } from '../../core/checkpoint/config-fields'
import { bertTables, readBertConfig } from '../../core/compile/bert-config'
import { FEED_FORWARD, knownActivation, type Architecture } from './architecture'

/** Throws model_unsupported. */
export function readBert(fields: ConfigFields, name: 'bert' | 'roberta'): Architecture {
  const config = readBertConfig(fields, name)
  knownActivation('hidden_act', config.activation, 'gelu')
  return {
    ...config,
    tables: bertTables(name, config),
    embeddingNorm: `${name}.embeddings.LayerNorm`,
    layer: `${name}.encoder.layer.`,
    linears: [...['query', 'key', 'value'].map((part) => `attention.self.${part}`), 'attention.output.dense', ...FEED_FORWARD],
    norms: ['attention.output.LayerNorm', 'output.LayerNorm'],
    relative: { kind: 'none' },
    terms: 1,
    convolution: null,
    pooler: { name: `${name}.pooler.dense`, activation: 'tanh' },
  }
}
