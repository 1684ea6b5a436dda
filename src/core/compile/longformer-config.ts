// What only Longformer's config says: how far its layers look, and the token that ends a text.
import { unsupported, type ConfigFields } from '../checkpoint/config-fields'
import { readBertConfig, type BertConfig } from './bert-config'

export interface LongformerConfig extends BertConfig {
  /** Of every layer: a token sees this many others on either side, half of `attention_window`. */
  radii: number[]
  /** What ends a text: "<s> first </s></s> option </s>". */
  separator: number
}

/** Throws model_unsupported. */
export function readLongformerConfig(fields: ConfigFields): LongformerConfig {
  const config = readBertConfig(fields, 'longformer')
  return { ...config, radii: readRadii(fields, config.layers), separator: fields.count('sep_token_id', 2, 0) }
}

/** attention_window: an even number, or one for each layer. Throws model_unsupported. */
export function readRadii(fields: ConfigFields, layers: number): number[] {
  const value = fields.json['attention_window'] ?? 512
  const windows: unknown[] = Array.isArray(value) ? value : Array<unknown>(layers).fill(value)
  const radii = windows.flatMap((w) => (Number.isSafeInteger(w) && (w as number) > 0 && (w as number) % 2 === 0 ? [(w as number) / 2] : []))
  if (radii.length !== layers || windows.length !== layers) throw unsupported('attention_window', value, `even numbers, one or ${layers}`)
  return radii
}
