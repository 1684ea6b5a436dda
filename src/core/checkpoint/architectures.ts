// The five architectures, as transformers 5 builds them: modeling_bert.py, modeling_roberta.py, modeling_longformer.py, modeling_mpnet.py,
// modeling_deberta_v2.py, each *ForMultipleChoice. To add one: a function here, and its graph in core/compile, which reads the config with the
// same functions.
import { readBertConfig, type BertLike } from '../compile/bert-config'
import { readDebertaConfig } from '../compile/deberta-config'
import { readRadii } from '../compile/longformer-config'
import { FIRST_POSITION, readMpnetConfig } from '../compile/mpnet'
import { head, linear, norm, table, words, type Blueprint, type ExpectedTensor } from './blueprint'
import type { Architecture } from '../types'
import { unsupported, type ConfigFields } from './config-fields'

const ARCHITECTURES = ['deberta-v2', 'bert', 'roberta', 'mpnet', 'longformer'] as const satisfies Architecture[]

/** Throws model_unsupported. */
export function readBlueprint(fields: ConfigFields): Blueprint {
  const type = ARCHITECTURES.find((name) => name === fields.json['model_type'])
  if (!type) throw unsupported('model_type', fields.json['model_type'], ARCHITECTURES.join(', '))
  if (fields.json['quantization_config'] !== undefined)
    throw unsupported('quantization_config', fields.json['quantization_config'], 'weights in F32, F16 and BF16')
  switch (type) {
    case 'deberta-v2':
      return debertaV2(fields)
    case 'mpnet':
      return mpnet(fields)
    case 'bert':
    case 'roberta':
    case 'longformer':
      return bertLike(fields, type)
  }
}

/** The part behind attention, which all five share. */
const feedForward = (layer: string, hidden: number, inner: number): ExpectedTensor[] => [
  ...linear(`${layer}.intermediate.dense`, inner, hidden),
  ...linear(`${layer}.output.dense`, hidden, inner),
  ...norm(`${layer}.output.LayerNorm`, hidden),
]
/** 0 … n − 1 */
const numbers = (n: number): number[] => [...Array(n).keys()]

function bertLike(fields: ConfigFields, at: BertLike): Blueprint {
  const config = readBertConfig(fields, at)
  const { hidden, layers, intermediate, vocabulary, positions, firstPosition, types } = config
  if (at === 'longformer') readRadii(fields, layers)
  const projections = ['query', 'key', 'value', ...(at === 'longformer' ? ['query_global', 'key_global', 'value_global'] : [])]
  return {
    architecture: at,
    mostTokens: positions - firstPosition,
    usualTokens: positions - firstPosition,
    vocabulary,
    tensors: [
      words(`${at}.embeddings.word_embeddings`, vocabulary, hidden),
      table(`${at}.embeddings.position_embeddings`, positions, hidden),
      table(`${at}.embeddings.token_type_embeddings`, types, hidden),
      ...norm(`${at}.embeddings.LayerNorm`, hidden),
      ...numbers(layers).flatMap((layer) => [
        ...projections.flatMap((part) => linear(`${at}.encoder.layer.${layer}.attention.self.${part}`, hidden, hidden)),
        ...linear(`${at}.encoder.layer.${layer}.attention.output.dense`, hidden, hidden),
        ...norm(`${at}.encoder.layer.${layer}.attention.output.LayerNorm`, hidden),
        ...feedForward(`${at}.encoder.layer.${layer}`, hidden, intermediate),
      ]),
      ...head(`${at}.pooler.dense`, hidden, hidden),
      ...head('classifier', 1, hidden),
    ],
  }
}

function mpnet(fields: ConfigFields): Blueprint {
  const { hidden, heads, layers, intermediate, vocabulary, positions, relative } = readMpnetConfig(fields)
  return {
    architecture: 'mpnet',
    mostTokens: positions - FIRST_POSITION,
    usualTokens: positions - FIRST_POSITION,
    vocabulary,
    tensors: [
      words('mpnet.embeddings.word_embeddings', vocabulary, hidden),
      table('mpnet.embeddings.position_embeddings', positions, hidden),
      ...norm('mpnet.embeddings.LayerNorm', hidden),
      table('mpnet.encoder.relative_attention_bias', relative, heads),
      ...numbers(layers).flatMap((layer) => [
        ...['q', 'k', 'v', 'o'].flatMap((part) => linear(`mpnet.encoder.layer.${layer}.attention.attn.${part}`, hidden, hidden)),
        ...norm(`mpnet.encoder.layer.${layer}.attention.LayerNorm`, hidden),
        ...feedForward(`mpnet.encoder.layer.${layer}`, hidden, intermediate),
      ]),
      ...head('mpnet.pooler.dense', hidden, hidden),
      ...head('classifier', 1, hidden),
    ],
  }
}

function debertaV2(fields: ConfigFields): Blueprint {
  const config = readDebertaConfig(fields)
  const { hidden, layers, intermediate, vocabulary, positions, types, hasPositionEmbeddings, convolution, relative, isKeyShared, terms } =
    config
  const projections = [
    'query_proj',
    'key_proj',
    'value_proj',
    ...(terms.c2p && !isKeyShared ? ['pos_key_proj'] : []),
    ...(terms.p2c && !isKeyShared ? ['pos_query_proj'] : []),
  ]
  return {
    architecture: 'deberta-v2',
    mostTokens: hasPositionEmbeddings ? positions : null,
    usualTokens: positions,
    vocabulary,
    tensors: [
      words('deberta.embeddings.word_embeddings', vocabulary, hidden),
      ...(hasPositionEmbeddings ? [table('deberta.embeddings.position_embeddings', positions, hidden)] : []),
      ...(types > 0 ? [table('deberta.embeddings.token_type_embeddings', types, hidden)] : []),
      ...norm('deberta.embeddings.LayerNorm', hidden),
      table('deberta.encoder.rel_embeddings', 2 * relative.span, hidden),
      ...(config.isRelativeNormed ? norm('deberta.encoder.LayerNorm', hidden) : []),
      ...numbers(layers).flatMap((layer) => [
        ...projections.flatMap((part) => linear(`deberta.encoder.layer.${layer}.attention.self.${part}`, hidden, hidden)),
        ...linear(`deberta.encoder.layer.${layer}.attention.output.dense`, hidden, hidden),
        ...norm(`deberta.encoder.layer.${layer}.attention.output.LayerNorm`, hidden),
        ...feedForward(`deberta.encoder.layer.${layer}`, hidden, intermediate),
        ...(layer === 0 && convolution ? convolutionTensors(hidden, convolution.kernel) : []),
      ]),
      ...head('pooler.dense', hidden, hidden),
      ...head('classifier', 1, hidden),
    ],
  }
}

/** Added to the first layer's output. */
const convolutionTensors = (hidden: number, kernel: number): ExpectedTensor[] => [
  { name: 'deberta.encoder.conv.conv.weight', shape: [hidden, hidden, kernel], role: 'other' },
  { name: 'deberta.encoder.conv.conv.bias', shape: [hidden], role: 'other' },
  ...norm('deberta.encoder.conv.LayerNorm', hidden),
]
