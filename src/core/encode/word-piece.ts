// WordPiece, as BERT and MPNet have it. The pieces are cut by @huggingface/tokenizers; its normalizer is replaced by ours
// (bert-normalizer.ts), which agrees with Rust.
import { BertPreTokenizer, WordPiece } from '@huggingface/tokenizers'
import { createBertNormalizer } from './bert-normalizer'
import { readSpecialTokens, type Json } from './json-parts'
import { readWordPieceFile } from './tokenizer-json'
import { remembering, type WordTokenizer } from './word-tokenizer'

/** Throws tokenizer_damaged, model_unsupported. */
export function createWordPiece(json: Json): WordTokenizer {
  const file = readWordPieceFile(json)
  readSpecialTokens(json) // only to refuse others
  const normalize = createBertNormalizer(file.normalizer)
  const wordPiece = new WordPiece(file.model)
  const vocabulary = wordPiece.tokens_to_ids
  const split = new BertPreTokenizer()
  const encodeWord = remembering((word) => wordPiece.encode([word]).map((piece) => vocabulary.get(piece)!))
  return {
    idOf: (token) => vocabulary.get(token),
    idLimit: wordPiece.vocab.length,
    encode: (text) => split.pre_tokenize_text(normalize(text)).flatMap((word) => encodeWord(word)),
  }
}
