// What all configs call alike.
import { unsupported, type ConfigFields } from '../checkpoint/config-fields'
import type { LayerSizes } from './encoder-layer'

/** So that a damaged number does not fill the memory. */
const MOST_LAYERS = 1000

/** Throws model_unsupported. */
export function readLayerSizes(fields: ConfigFields): Pick<LayerSizes, 'hidden' | 'heads' | 'layers' | 'intermediate'> {
  const hidden = fields.count('hidden_size')
  const heads = fields.count('num_attention_heads')
  if (hidden % heads !== 0) throw unsupported('num_attention_heads', heads, `divisors of ${hidden}`)
  const layers = fields.count('num_hidden_layers')
  if (layers > MOST_LAYERS) throw unsupported('num_hidden_layers', layers, `up to ${MOST_LAYERS}`)
  return { hidden, heads, layers, intermediate: fields.count('intermediate_size') }
}

/** Of all norms. Throws model_unsupported. */
export function readEpsilon(fields: ConfigFields, usual: number): number {
  const value = fields.json['layer_norm_eps'] ?? usual
  if (typeof value !== 'number' || !(value > 0)) throw unsupported('layer_norm_eps', value, 'numbers above 0')
  return value
}
