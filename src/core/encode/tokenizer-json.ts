// tokenizer.json, checked before use: a file that is cut short, edited by hand or of another kind gives a sentence, not a crash deep inside.
import { AppError } from '../errors'
import type { BertNormalizerSettings } from './bert-normalizer'

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

const MOST_TOKENS = 10_000_000

/** Reads a parsed tokenizer.json of the BERT kind. Throws tokenizer_damaged; model_unsupported for another kind (BPE, Unigram, …). */
export function readWordPieceFile(json: unknown): WordPieceFile {
  const file = objectOf(json, 'it')
  const model = objectOf(file['model'], 'model')
  kindOf(model, 'model', 'WordPiece')
  const vocab = objectOf(model['vocab'], 'model.vocab')
  const normalizer = objectOf(file['normalizer'], 'normalizer')
  kindOf(normalizer, 'normalizer', 'BertNormalizer')
  kindOf(objectOf(file['pre_tokenizer'], 'pre_tokenizer'), 'pre_tokenizer', 'BertPreTokenizer')

  const seen = new Set<number>()
  for (const [piece, id] of Object.entries(vocab)) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= MOST_TOKENS)
      throw damaged(`token “${piece}” has the id ${String(id)}`)
    if (seen.has(id as number)) throw damaged(`two tokens have the id ${String(id)}`)
    seen.add(id as number)
  }
  const unk_token = textOf(model, 'model', 'unk_token')
  for (const token of [unk_token, '[CLS]', '[SEP]']) {
    if (!Object.hasOwn(vocab, token)) throw damaged(`the vocabulary lacks ${token}`)
  }
  const strip = normalizer['strip_accents'] ?? null
  if (strip !== null && typeof strip !== 'boolean') throw damaged('normalizer.strip_accents is neither true, false nor null')
  const longest = model['max_input_chars_per_word']
  if (!Number.isInteger(longest) || (longest as number) < 1) throw damaged('model.max_input_chars_per_word is not a number')
  return {
    normalizer: {
      clean_text: flagOf(normalizer, 'clean_text'),
      handle_chinese_chars: flagOf(normalizer, 'handle_chinese_chars'),
      strip_accents: strip,
      lowercase: flagOf(normalizer, 'lowercase'),
    },
    model: {
      type: 'WordPiece',
      vocab: vocab as Record<string, number>,
      unk_token,
      continuing_subword_prefix: textOf(model, 'model', 'continuing_subword_prefix'),
      max_input_chars_per_word: longest as number,
    },
  }
}

function damaged(reason: string): AppError {
  return new AppError('tokenizer_damaged', { reason })
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${name} is not an object`)
  return value as Record<string, unknown>
}

function textOf(parent: Record<string, unknown>, name: string, key: string): string {
  const value = parent[key]
  if (typeof value !== 'string') throw damaged(`${name}.${key} is not text`)
  return value
}

function flagOf(normalizer: Record<string, unknown>, key: string): boolean {
  const value = normalizer[key]
  if (typeof value !== 'boolean') throw damaged(`normalizer.${key} is neither true nor false`)
  return value
}

function kindOf(part: Record<string, unknown>, name: string, known: string): void {
  const kind = textOf(part, name, 'type')
  if (kind !== known) throw new AppError('model_unsupported', { field: `the ${name} of tokenizer.json`, value: kind.slice(0, 60), known })
}
