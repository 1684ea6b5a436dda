// What a Hugging Face config of type deberta-v2 says, checked: the same reading serves the names and shapes of the weights
// (core/checkpoint/architectures.ts) and the graph. An option that was overlooked would run and give wrong numbers.
import { unsupported, type ConfigFields } from '../checkpoint/config-fields'
import { ACTIVATIONS, type Activation } from './activation'
import { readCommon, type CommonConfig } from './common-config'
import type { EmbeddingTables } from './embedding'
import type { RelativeTable } from './relative-buckets'

export interface DebertaConfig extends CommonConfig {
  /** Whether positions have embeddings of their own; relative ones they always have. */
  hasPositionEmbeddings: boolean
  types: number
  relative: RelativeTable
  /** Whether the relative table goes through a norm. */
  isRelativeNormed: boolean
  /** c2p: queries meet positions, p2c: positions meet keys. */
  terms: { c2p: boolean; p2c: boolean }
  /** Whether positions are projected as content is, or have projections of their own. */
  isKeyShared: boolean
  /** Beside the first layer. */
  convolution: { kernel: number; activation: Activation } | null
  poolerActivation: Activation
}

/** Throws model_unsupported. */
export function readDebertaConfig(fields: ConfigFields): DebertaConfig {
  const { json } = fields
  const common = readCommon(fields, 1e-7)
  // Their defaults in transformers are not the usual value, so that what is missing is refused too.
  if (json['relative_attention'] !== true) throw unsupported('relative_attention', json['relative_attention'], 'true')
  for (const field of ['embedding_size', 'pooler_hidden_size']) fields.only(field, common.hidden)
  fields.only('attention_head_size', common.hidden / common.heads)
  return {
    ...common,
    hasPositionEmbeddings: fields.only('position_biased_input', true, false),
    types: fields.count('type_vocab_size', 0, 0),
    relative: readRelative(fields, common.positions),
    isRelativeNormed: fields.only('norm_rel_ebd', 'none', 'layer_norm') === 'layer_norm',
    terms: readTerms(json['pos_att_type']),
    isKeyShared: fields.only('share_att_key', false, true),
    convolution: readConvolution(fields),
    poolerActivation: fields.only('pooler_hidden_act', ...ACTIVATIONS),
  }
}

export function debertaTables({ hidden, vocabulary, positions, types, hasPositionEmbeddings }: DebertaConfig): EmbeddingTables {
  const table = (kind: string, rows: number) => ({ name: `deberta.embeddings.${kind}_embeddings.weight`, rows })
  return {
    hidden,
    words: table('word', vocabulary),
    positions: hasPositionEmbeddings ? { ...table('position', positions), first: 0 } : null,
    types: types > 0 ? table('token_type', types) : null,
  }
}

function readRelative(fields: ConfigFields, positions: number): RelativeTable {
  const asked = fields.count('max_relative_positions', -1, -1)
  const furthest = asked < 1 ? positions : asked
  const buckets = fields.count('position_buckets', -1, -1)
  if (buckets < 1) return { span: furthest, furthest: null }
  if (buckets === 1) throw unsupported('position_buckets', buckets, '-1, 0 and whole numbers from 2 on')
  const exact = Math.floor(buckets / 2)
  if (furthest - 1 <= exact) throw unsupported('max_relative_positions', furthest, `whole numbers from ${exact + 2} on`)
  return { span: buckets, furthest }
}

/** "p2c|c2p" and ["p2c", "c2p"] both occur. */
function readTerms(value: unknown): DebertaConfig['terms'] {
  const list: unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split('|') : [value ?? '']
  const terms = list.map((term) => (typeof term === 'string' ? term.trim().toLowerCase() : '?'))
  if (!terms.every((term) => term === '' || term === 'c2p' || term === 'p2c')) throw unsupported('pos_att_type', value, 'c2p, p2c')
  return { c2p: terms.includes('c2p'), p2c: terms.includes('p2c') }
}

function readConvolution(fields: ConfigFields): DebertaConfig['convolution'] {
  const kernel = fields.count('conv_kernel_size', 0, 0)
  if (kernel === 0) return null
  if (kernel % 2 === 0) throw unsupported('conv_kernel_size', kernel, 'odd numbers')
  fields.only('conv_groups', 1)
  return { kernel, activation: fields.only<Activation>('conv_act', 'tanh', ...ACTIVATIONS) }
}
