// Text -> token ids, as Hugging Face's `tokenizers` (Rust) gives them with `encode_special_tokens`: text is always text, so a question that
// spells "[SEP]" gets the pieces of "[SEP]", never the separator. One file for each family: WordPiece, Unigram, byte-level BPE.
import { createByteBpe } from './byte-bpe'
import { kindOf, objectOf, type Json } from './json-parts'
import { readPairTemplate, type PairTemplate } from './template'
import { createUnigram } from './unigram'
import { createWordPiece } from './word-piece'
import type { WordTokenizer } from './word-tokenizer'

export interface Tokenizer extends WordTokenizer {
  /** First token of a sequence, "[CLS]". */
  readonly startId: number
  /** Last token of a sequence, "[SEP]". */
  readonly endId: number
  /** How two texts stand in one sequence. */
  readonly pair: PairTemplate
}

/** From a parsed tokenizer.json. Throws tokenizer_damaged, or model_unsupported where it is sound but of a kind Pagewise does not know. */
export function createTokenizer(json: unknown): Tokenizer {
  const file = objectOf(json, 'it')
  const words = createFamily(file)
  const pair = readPairTemplate(file, (token) => words.idOf(token))
  const ids = pair.flatMap((part) => ('id' in part ? part.id : []))
  return { ...words, idLimit: Math.max(words.idLimit, ...ids.map((id) => id + 1)), pair, startId: ids[0]!, endId: ids.at(-1)! }
}

function createFamily(file: Json): WordTokenizer {
  const model = objectOf(file['model'], 'model')
  const kind = 'type' in model ? kindOf(model, 'model', 'WordPiece', 'Unigram', 'BPE') : untypedKind(model)
  switch (kind) {
    case 'WordPiece':
      return createWordPiece(file)
    case 'Unigram':
      return createUnigram(file)
    case 'BPE':
      return createByteBpe(file)
    default:
      throw new Error(`internal: ${kind satisfies never}`)
  }
}

/** Files of old do not say which model they hold; the parts of each are its own. */
function untypedKind(model: Json): 'WordPiece' | 'Unigram' | 'BPE' {
  if (Array.isArray(model['vocab'])) return 'Unigram'
  return 'merges' in model ? 'BPE' : 'WordPiece'
}
