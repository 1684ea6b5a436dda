// What Hugging Face's configs of BERT, RoBERTa and Longformer say, checked: the same reading serves the names and shapes of the weights
// (core/checkpoint/architectures.ts) and the graph.
import type { ConfigFields } from '../checkpoint/config-fields'
import { readCommon, type CommonConfig } from './common-config'
import type { EmbeddingTables } from './embedding'

export interface BertConfig extends CommonConfig {
  /** The row of the table of positions that the first token has. */
  firstPosition: number
  types: number
}
export type BertLike = 'bert' | 'roberta' | 'longformer'

/** Throws model_unsupported. */
export function readBertConfig(fields: ConfigFields, architecture: BertLike): BertConfig {
  fields.only('position_embedding_type', 'absolute')
  fields.only('is_decoder', false)
  fields.only('add_cross_attention', false)
  return {
    ...readCommon(fields, 1e-12),
    // RoBERTa and Longformer count positions from pad_token_id + 1 on.
    firstPosition: architecture === 'bert' ? 0 : fields.count('pad_token_id', 1, 0) + 1,
    types: fields.count('type_vocab_size', 2),
  }
}

export function bertTables(architecture: BertLike, config: BertConfig): EmbeddingTables {
  const table = (kind: string, rows: number) => ({ name: `${architecture}.embeddings.${kind}_embeddings.weight`, rows })
  return {
    hidden: config.hidden,
    words: table('word', config.vocabulary),
    positions: { ...table('position', config.positions), first: config.firstPosition },
    types: table('token_type', config.types),
  }
}
