// MPNet (modeling_mpnet): BERT with relative biases, as T5 has them, and names of its own.
import type { ConfigFields } from '../../core/checkpoint/config-fields'
import { readEpsilon, readLayerSizes } from '../../core/compile/common-config'
import { FEED_FORWARD, type Architecture } from './architecture'

/** Throws model_unsupported. */
export function readMpnet(fields: ConfigFields): Architecture {
  fields.only('hidden_act', 'gelu')
  return {
    ...readLayerSizes(fields),
    epsilon: readEpsilon(fields, 1e-12),
    vocabulary: fields.count('vocab_size'),
    words: 'mpnet.embeddings.word_embeddings.weight',
    // positions begin at 2, whatever the config says (padding_idx is 1)
    positions: { name: 'mpnet.embeddings.position_embeddings.weight', rows: fields.count('max_position_embeddings'), first: 2 },
    types: null,
    embeddingNorm: 'mpnet.embeddings.LayerNorm',
    layer: 'mpnet.encoder.layer.',
    linears: [...['q', 'k', 'v', 'o'].map((part) => `attention.attn.${part}`), ...FEED_FORWARD],
    norms: ['attention.LayerNorm', 'output.LayerNorm'],
    // of its rows 32 are read
    relative: {
      kind: 'bias',
      table: 'mpnet.encoder.relative_attention_bias.weight',
      rows: fields.count('relative_attention_num_buckets', 32, 32),
    },
    terms: 1,
    convolution: null,
    pooler: { name: 'mpnet.pooler.dense', activation: 'tanh' },
  }
}
