// The five architectures, as transformers 5 builds them: modeling_bert.py, modeling_roberta.py, modeling_longformer.py, modeling_mpnet.py,
// modeling_deberta_v2.py, each *ForMultipleChoice. To add one: a function here, and its graph in core/compile.
import { head, linear, norm, table, words, type Blueprint, type ExpectedTensor } from './blueprint'
import type { Architecture } from '../types'
import { unsupported, type ConfigFields } from './config-fields'

/** So that a damaged number does not fill the memory. */
const MOST_LAYERS = 1000
const ARCHITECTURES = ['deberta-v2', 'bert', 'roberta', 'mpnet', 'longformer'] as const satisfies Architecture[]

/** Throws model_unsupported. */
export function readBlueprint(fields: ConfigFields): Blueprint {
  const type = ARCHITECTURES.find((name) => name === fields.json['model_type'])
  if (!type) throw unsupported('model_type', fields.json['model_type'], ARCHITECTURES.join(', '))
  if (fields.json['quantization_config'] !== undefined)
    throw unsupported('quantization_config', fields.json['quantization_config'], 'weights in F32, F16 and BF16')
  fields.only('hidden_act', 'gelu')
  const hidden = fields.count('hidden_size')
  const heads = fields.count('num_attention_heads')
  if (hidden % heads !== 0) throw unsupported('num_attention_heads', heads, `divisors of ${hidden}`)
  switch (type) {
    case 'deberta-v2':
      return debertaV2(fields, hidden, heads)
    case 'mpnet':
      return mpnet(fields, hidden, heads)
    case 'bert':
    case 'roberta':
    case 'longformer':
      return bertLike(fields, type, hidden)
  }
}

/** The part behind attention, which all five share. */
const feedForward = (layer: string, hidden: number, inner: number): ExpectedTensor[] => [
  ...linear(`${layer}.intermediate.dense`, inner, hidden),
  ...linear(`${layer}.output.dense`, hidden, inner),
  ...norm(`${layer}.output.LayerNorm`, hidden),
]
function layersOf(fields: ConfigFields): number[] {
  const layers = fields.count('num_hidden_layers')
  if (layers > MOST_LAYERS) throw unsupported('num_hidden_layers', layers, `up to ${MOST_LAYERS}`)
  return [...Array(layers).keys()]
}

function bertLike(fields: ConfigFields, architecture: 'bert' | 'roberta' | 'longformer', hidden: number): Blueprint {
  fields.only('position_embedding_type', 'absolute')
  fields.only('is_decoder', false)
  fields.only('add_cross_attention', false)
  const layers = layersOf(fields)
  if (architecture === 'longformer') checkWindows(fields, layers.length)
  const [inner, vocabulary, positions] = [
    fields.count('intermediate_size'),
    fields.count('vocab_size'),
    fields.count('max_position_embeddings'),
  ]
  // RoBERTa and Longformer count positions from pad_token_id + 1 on.
  const first = architecture === 'bert' ? 0 : fields.count('pad_token_id', 1, 0) + 1
  const projections = ['query', 'key', 'value', ...(architecture === 'longformer' ? ['query_global', 'key_global', 'value_global'] : [])]
  const at = architecture
  return {
    architecture,
    mostTokens: positions - first,
    usualTokens: positions - first,
    vocabulary,
    tensors: [
      words(`${at}.embeddings.word_embeddings`, vocabulary, hidden),
      table(`${at}.embeddings.position_embeddings`, positions, hidden),
      table(`${at}.embeddings.token_type_embeddings`, fields.count('type_vocab_size', 2), hidden),
      ...norm(`${at}.embeddings.LayerNorm`, hidden),
      ...layers.flatMap((layer) => [
        ...projections.flatMap((part) => linear(`${at}.encoder.layer.${layer}.attention.self.${part}`, hidden, hidden)),
        ...linear(`${at}.encoder.layer.${layer}.attention.output.dense`, hidden, hidden),
        ...norm(`${at}.encoder.layer.${layer}.attention.output.LayerNorm`, hidden),
        ...feedForward(`${at}.encoder.layer.${layer}`, hidden, inner),
      ]),
      ...head(`${at}.pooler.dense`, hidden, hidden),
      ...head('classifier', 1, hidden),
    ],
  }
}

/** attention_window: an even number, or one for each layer. */
function checkWindows(fields: ConfigFields, layers: number): void {
  const value = fields.json['attention_window'] ?? 512
  const windows: unknown[] = Array.isArray(value) ? value : Array<unknown>(layers).fill(value)
  const isSound = windows.length === layers && windows.every((w) => Number.isSafeInteger(w) && (w as number) > 0 && (w as number) % 2 === 0)
  if (!isSound) throw unsupported('attention_window', value, `even numbers, one or ${layers}`)
}

function mpnet(fields: ConfigFields, hidden: number, heads: number): Blueprint {
  const [inner, vocabulary, positions] = [
    fields.count('intermediate_size'),
    fields.count('vocab_size'),
    fields.count('max_position_embeddings'),
  ]
  return {
    architecture: 'mpnet',
    mostTokens: positions - 2, // padding_idx is 1 in MPNet, whatever the config says
    usualTokens: positions - 2,
    vocabulary,
    tensors: [
      words('mpnet.embeddings.word_embeddings', vocabulary, hidden),
      table('mpnet.embeddings.position_embeddings', positions, hidden),
      ...norm('mpnet.embeddings.LayerNorm', hidden),
      table('mpnet.encoder.relative_attention_bias', fields.count('relative_attention_num_buckets', 32), heads),
      ...layersOf(fields).flatMap((layer) => [
        ...['q', 'k', 'v', 'o'].flatMap((part) => linear(`mpnet.encoder.layer.${layer}.attention.attn.${part}`, hidden, hidden)),
        ...norm(`mpnet.encoder.layer.${layer}.attention.LayerNorm`, hidden),
        ...feedForward(`mpnet.encoder.layer.${layer}`, hidden, inner),
      ]),
      ...head('mpnet.pooler.dense', hidden, hidden),
      ...head('classifier', 1, hidden),
    ],
  }
}

function debertaV2(fields: ConfigFields, hidden: number, heads: number): Blueprint {
  const { json } = fields
  if (json['relative_attention'] !== true) throw unsupported('relative_attention', json['relative_attention'], 'true')
  if (json['norm_rel_ebd'] !== 'layer_norm') throw unsupported('norm_rel_ebd', json['norm_rel_ebd'], 'layer_norm')
  fields.only('pooler_hidden_act', 'gelu')
  for (const field of ['embedding_size', 'pooler_hidden_size']) fields.only(field, hidden)
  fields.only('attention_head_size', hidden / heads)
  // "p2c|c2p" and ["p2c", "c2p"] both occur
  const terms = json['pos_att_type']
  const sorted = (typeof terms === 'string' ? terms.split('|') : Array.isArray(terms) ? terms.map(String) : []).map((t) => t.trim()).sort()
  if (sorted.join() !== 'c2p,p2c') throw unsupported('pos_att_type', terms, 'c2p and p2c together')
  const [inner, vocabulary, positions] = [
    fields.count('intermediate_size'),
    fields.count('vocab_size'),
    fields.count('max_position_embeddings'),
  ]
  const types = fields.count('type_vocab_size', 0, 0)
  const kernel = fields.count('conv_kernel_size', 0, 0)
  if (kernel > 0) {
    if (kernel % 2 === 0) throw unsupported('conv_kernel_size', kernel, 'odd numbers')
    fields.only('conv_act', 'tanh', 'gelu')
    fields.only('conv_groups', 1)
  }
  const hasPositions = fields.only('position_biased_input', true, false)
  const isShared = fields.only('share_att_key', false, true)
  const projections = ['query_proj', 'key_proj', 'value_proj', ...(isShared ? [] : ['pos_key_proj', 'pos_query_proj'])]
  return {
    architecture: 'deberta-v2',
    mostTokens: hasPositions ? positions : null,
    usualTokens: positions,
    vocabulary,
    tensors: [
      words('deberta.embeddings.word_embeddings', vocabulary, hidden),
      ...(hasPositions ? [table('deberta.embeddings.position_embeddings', positions, hidden)] : []),
      ...(types > 0 ? [table('deberta.embeddings.token_type_embeddings', types, hidden)] : []),
      ...norm('deberta.embeddings.LayerNorm', hidden),
      table('deberta.encoder.rel_embeddings', 2 * fields.count('position_buckets'), hidden),
      ...norm('deberta.encoder.LayerNorm', hidden),
      ...layersOf(fields).flatMap((layer) => [
        ...projections.flatMap((part) => linear(`deberta.encoder.layer.${layer}.attention.self.${part}`, hidden, hidden)),
        ...linear(`deberta.encoder.layer.${layer}.attention.output.dense`, hidden, hidden),
        ...norm(`deberta.encoder.layer.${layer}.attention.output.LayerNorm`, hidden),
        ...feedForward(`deberta.encoder.layer.${layer}`, hidden, inner),
        ...(layer === 0 && kernel > 0 ? convolution(hidden, kernel) : []),
      ]),
      ...head('pooler.dense', hidden, hidden),
      ...head('classifier', 1, hidden),
    ],
  }
}

/** Added to the first layer's output. */
const convolution = (hidden: number, kernel: number): ExpectedTensor[] => [
  { name: 'deberta.encoder.conv.conv.weight', shape: [hidden, hidden, kernel], role: 'other' },
  { name: 'deberta.encoder.conv.conv.bias', shape: [hidden], role: 'other' },
  ...norm('deberta.encoder.conv.LayerNorm', hidden),
]
