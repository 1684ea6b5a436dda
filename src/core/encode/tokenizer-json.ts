// tokenizer.json of the BERT kind, checked before use.
import type { BertNormalizerSettings } from './bert-normalizer'
import { damaged, flagOf, kindOf, objectOf, readVocabulary, textOf } from './json-parts'

export interface WordPieceFile {
  normalizer: BertNormalizerSettings
  model: {
    type: 'WordPiece'
    vocab: Record<string, number>
    unk_token: string
    continuing_subword_prefix: string
    max_input_chars_per_word: number
  }
}

/** Reads a parsed tokenizer.json of the BERT kind. Throws tokenizer_damaged; model_unsupported for another kind (BPE, Unigram, …). */
export function readWordPieceFile(json: unknown): WordPieceFile {
  const file = objectOf(json, 'it')
  const model = objectOf(file['model'], 'model')
  const normalizer = objectOf(file['normalizer'], 'normalizer')
  kindOf(normalizer, 'normalizer', 'BertNormalizer')
  kindOf(objectOf(file['pre_tokenizer'], 'pre_tokenizer'), 'pre_tokenizer', 'BertPreTokenizer')
  const vocab = readVocabulary(model['vocab'])
  const unk_token = textOf(model, 'model', 'unk_token')
  if (!vocab.has(unk_token)) throw damaged(`the vocabulary lacks ${unk_token}`)
  const strip = normalizer['strip_accents'] ?? null
  if (strip !== null && typeof strip !== 'boolean') throw damaged('normalizer.strip_accents is neither true, false nor null')
  const longest = model['max_input_chars_per_word']
  if (!Number.isInteger(longest) || (longest as number) < 1) throw damaged('model.max_input_chars_per_word is not a number')
  return {
    normalizer: {
      clean_text: flagOf(normalizer, 'normalizer', 'clean_text'),
      handle_chinese_chars: flagOf(normalizer, 'normalizer', 'handle_chinese_chars'),
      strip_accents: strip,
      lowercase: flagOf(normalizer, 'normalizer', 'lowercase'),
    },
    model: {
      type: 'WordPiece',
      vocab: model['vocab'] as Record<string, number>,
      unk_token,
      continuing_subword_prefix: textOf(model, 'model', 'continuing_subword_prefix'),
      max_input_chars_per_word: longest as number,
    },
  }
}
