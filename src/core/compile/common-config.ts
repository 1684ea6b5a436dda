// What all configs call alike.
import { unsupported, type ConfigFields } from '../checkpoint/config-fields'
import { ACTIVATIONS } from './activation'
import type { LayerSizes } from './encoder-layer'

/** So that a damaged number does not fill the memory. */
const MOST_LAYERS = 1000

export interface CommonConfig extends LayerSizes {
  vocabulary: number
  /** Rows of the table of positions, used or not. */
  positions: number
}

/** `usualEpsilon`: of all norms, where the config does not say. Throws model_unsupported. */
export function readCommon(fields: ConfigFields, usualEpsilon: number): CommonConfig {
  const hidden = fields.count('hidden_size')
  const heads = fields.count('num_attention_heads')
  if (hidden % heads !== 0) throw unsupported('num_attention_heads', heads, `divisors of ${hidden}`)
  const layers = fields.count('num_hidden_layers')
  if (layers > MOST_LAYERS) throw unsupported('num_hidden_layers', layers, `up to ${MOST_LAYERS}`)
  const epsilon = fields.json['layer_norm_eps'] ?? usualEpsilon
  if (typeof epsilon !== 'number' || !(epsilon > 0)) throw unsupported('layer_norm_eps', epsilon, 'numbers above 0')
  return {
    hidden,
    heads,
    layers,
    intermediate: fields.count('intermediate_size'),
    epsilon,
    activation: fields.only('hidden_act', ...ACTIVATIONS),
    vocabulary: fields.count('vocab_size'),
    positions: fields.count('max_position_embeddings'),
  }
}
