// What the graph needs of a Hugging Face config of type deberta-v2, checked: a graph for a variant that it does not know would run and
// give wrong numbers.
import { AppError } from '../errors'

export interface DebertaConfig {
  vocabulary: number
  hidden: number
  layers: number
  heads: number
  intermediate: number
  /** position_buckets, S: the relative table has 2S rows. */
  buckets: number
  /** Distances from here on share the outermost bucket. */
  maxRelativePositions: number
  maxPositions: number
  types: number
  hasPositionEmbeddings: boolean
  epsilon: number
}

/** Throws model_unsupported. */
export function readDebertaConfig(config: Record<string, unknown>): DebertaConfig {
  const count = (field: string): number => {
    const value = config[field]
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) throw unsupported(field, value, 'positive integers')
    return value
  }
  const only = (field: string, value: unknown, ...known: unknown[]): void => {
    if (!known.includes(value)) throw unsupported(field, value, known.map(String).join(', '))
  }
  only('model_type', config['model_type'], 'deberta-v2')
  only('relative_attention', config['relative_attention'], true)
  only('share_att_key', config['share_att_key'], true)
  only('norm_rel_ebd', config['norm_rel_ebd'], 'layer_norm')
  only('hidden_act', config['hidden_act'], 'gelu')
  only('conv_kernel_size', config['conv_kernel_size'] ?? 0, 0)
  only('pos_att_type', positionTerms(config['pos_att_type']), 'c2p, p2c')
  const hidden = count('hidden_size')
  const embedding = config['embedding_size'] ?? hidden
  only('embedding_size', embedding, hidden)
  const heads = count('num_attention_heads')
  if (hidden % heads !== 0) throw unsupported('num_attention_heads', heads, `divisors of ${String(hidden)}`)
  const maxPositions = count('max_position_embeddings')
  const maxRelative = config['max_relative_positions'] ?? -1
  const epsilon = config['layer_norm_eps'] ?? 1e-7
  if (typeof epsilon !== 'number') throw unsupported('layer_norm_eps', epsilon, 'numbers')
  return {
    vocabulary: count('vocab_size'),
    hidden,
    layers: count('num_hidden_layers'),
    heads,
    intermediate: count('intermediate_size'),
    buckets: count('position_buckets'),
    maxRelativePositions: typeof maxRelative === 'number' && maxRelative > 0 ? maxRelative : maxPositions,
    maxPositions,
    types: config['type_vocab_size'] === 0 ? 0 : count('type_vocab_size'),
    hasPositionEmbeddings: config['position_biased_input'] !== false,
    epsilon,
  }
}

/** "p2c|c2p" and ["p2c", "c2p"] both occur. */
function positionTerms(value: unknown): string {
  const terms: unknown[] = typeof value === 'string' ? value.split('|') : Array.isArray(value) ? value : []
  return terms.map(String).sort().join(', ')
}

const unsupported = (field: string, value: unknown, known: string) =>
  new AppError('model_unsupported', { field, value: String(value), known })
