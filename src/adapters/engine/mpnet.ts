// MPNet (modeling_mpnet): BERT with relative biases, as T5 has them, and names of its own.
import type { ConfigFields } from '../../core/checkpoint/config-fields'
import { mpnetTables, readMpnetConfig } from '../../core/compile/mpnet'
import { FEED_FORWARD, knownActivation, type Architecture } from './architecture'

/** Throws model_unsupported. */
export function readMpnet(fields: ConfigFields): Architecture {
  const config = readMpnetConfig(fields)
  knownActivation('hidden_act', config.activation, 'gelu')
  return {
    ...config,
    tables: mpnetTables(config),
    embeddingNorm: 'mpnet.embeddings.LayerNorm',
    layer: 'mpnet.encoder.layer.',
    linears: [...['q', 'k', 'v', 'o'].map((part) => `attention.attn.${part}`), ...FEED_FORWARD],
    norms: ['attention.LayerNorm', 'output.LayerNorm'],
    relative: { kind: 'bias', table: 'mpnet.encoder.relative_attention_bias.weight', rows: config.relative },
    terms: 1,
    convolution: null,
    pooler: { name: 'mpnet.pooler.dense', activation: 'tanh' },
  }
}
