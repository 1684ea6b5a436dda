// Text -> token ids, as Hugging Face's `tokenizers` (Rust) gives them with `encode_special_tokens`: text is always text, so a question that
// spells "[SEP]" gets the pieces of "[SEP]", never the separator. The word pieces are @huggingface/tokenizers'; its normalizer is replaced by
// ours (bert-normalizer.ts), which agrees with Rust. Words repeat, so each is cut once and remembered.
import { BertPreTokenizer, WordPiece } from '@huggingface/tokenizers'
import { createBertNormalizer } from './bert-normalizer'
import { readWordPieceFile } from './tokenizer-json'

export interface Tokenizer {
  /** First token of a sequence, "[CLS]". */
  readonly startId: number
  /** Last token of a sequence, "[SEP]". */
  readonly endId: number
  /** Every id is below this. */
  readonly idLimit: number
  /** Token ids of the text alone, without start and end. */
  encode(text: string): number[]
}

const REMEMBERED_WORDS = 100_000
const REMEMBERED_LENGTH = 40

/** From a parsed tokenizer.json. Throws tokenizer_damaged, or model_unsupported where it is sound but of a kind Pagewise does not know. */
export function createTokenizer(json: unknown): Tokenizer {
  const file = readWordPieceFile(json)
  const normalize = createBertNormalizer(file.normalizer)
  const wordPiece = new WordPiece(file.model)
  const vocabulary = wordPiece.tokens_to_ids
  const split = new BertPreTokenizer()
  const ids = new Map<string, readonly number[]>()

  function encodeWord(word: string): readonly number[] {
    const known = ids.get(word)
    if (known) return known
    const found = wordPiece.encode([word]).map((piece) => vocabulary.get(piece)!)
    if (ids.size >= REMEMBERED_WORDS) ids.clear()
    if (word.length <= REMEMBERED_LENGTH) ids.set(word, found)
    return found
  }

  return {
    startId: vocabulary.get('[CLS]')!,
    endId: vocabulary.get('[SEP]')!,
    idLimit: wordPiece.vocab.length,
    encode(text) {
      const out: number[] = []
      for (const word of split.pre_tokenize_text(normalize(text))) for (const id of encodeWord(word)) out.push(id)
      return out
    },
  }
}
