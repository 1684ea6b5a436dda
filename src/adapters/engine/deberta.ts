// DeBERTa v2 and v3 (modeling_deberta_v2) with their options.
import type { ConfigFields } from '../../core/checkpoint/config-fields'
import { debertaTables, readDebertaConfig, type DebertaConfig } from '../../core/compile/deberta-config'
import { FEED_FORWARD, knownActivation, type Architecture } from './architecture'
import type { Relative } from './relative'

const ENCODER = 'deberta.encoder'
const SELF = 'attention.self'
const HEADS = ['query_proj', 'key_proj', 'value_proj'].map((part) => `${SELF}.${part}`)

/** Throws model_unsupported. */
export function readDeberta(fields: ConfigFields): Architecture {
  const config = readDebertaConfig(fields)
  const { terms, convolution } = config
  knownActivation('hidden_act', config.activation, 'gelu')
  return {
    ...config,
    tables: debertaTables(config),
    embeddingNorm: 'deberta.embeddings.LayerNorm',
    layer: `${ENCODER}.layer.`,
    linears: [...HEADS, 'attention.output.dense', ...FEED_FORWARD],
    norms: ['attention.output.LayerNorm', 'output.LayerNorm'],
    relative: relativeOf(config),
    terms: 1 + Number(terms.c2p) + Number(terms.p2c),
    convolution: convolution && {
      name: `${ENCODER}.conv`,
      kernel: convolution.kernel,
      activation: knownActivation('conv_act', convolution.activation, 'tanh', 'gelu'),
    },
    pooler: { name: 'pooler.dense', activation: knownActivation('pooler_hidden_act', config.poolerActivation, 'gelu', 'tanh') },
  }
}

function relativeOf({ relative, isRelativeNormed, terms, isKeyShared }: DebertaConfig): Relative {
  return {
    kind: 'terms',
    table: `${ENCODER}.rel_embeddings.weight`,
    norm: isRelativeNormed ? `${ENCODER}.LayerNorm` : null,
    keys: terms.c2p ? `${SELF}.${isKeyShared ? 'key_proj' : 'pos_key_proj'}` : null,
    queries: terms.p2c ? `${SELF}.${isKeyShared ? 'query_proj' : 'pos_query_proj'}` : null,
    numbering: relative,
  }
}
