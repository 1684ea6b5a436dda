// A BERT checkpoint of old has vocab.txt, one piece a line, and no tokenizer.json: this makes the one that transformers' BertTokenizerFast would.
import { damaged } from './source'

/** `settings`: tokenizer_config.json, where there is one. Throws checkpoint_damaged. */
export function tokenizerFromVocabulary(text: string, settings: Record<string, unknown>): unknown {
  const lines = text.split(/\r\n|\n|\r/)
  if (lines.at(-1) === '') lines.pop()
  const vocab: Record<string, number> = Object.create(null) as Record<string, number>
  lines.forEach((piece, id) => (vocab[piece] = id))
  if (Object.keys(vocab).length !== lines.length) throw damaged('vocab.txt', 'it has a piece twice')
  const named = (field: string, usual: string): string => tokenText(settings[field]) ?? usual
  const [cls, sep, unk] = [named('cls_token', '[CLS]'), named('sep_token', '[SEP]'), named('unk_token', '[UNK]')]
  const special = [unk, sep, named('pad_token', '[PAD]'), cls, named('mask_token', '[MASK]')]
  for (const token of [cls, sep, unk]) if (!Object.hasOwn(vocab, token)) throw damaged('vocab.txt', `it lacks ${token}`)
  const part = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } })
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.flatMap((content) =>
      Object.hasOwn(vocab, content)
        ? { id: vocab[content], content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
        : [],
    ),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: settings['tokenize_chinese_chars'] !== false,
      strip_accents: typeof settings['strip_accents'] === 'boolean' ? settings['strip_accents'] : null,
      lowercase: settings['do_lower_case'] !== false,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [part(cls, 0), { Sequence: { id: 'A', type_id: 0 } }, part(sep, 0)],
      pair: [part(cls, 0), { Sequence: { id: 'A', type_id: 0 } }, part(sep, 0), { Sequence: { id: 'B', type_id: 1 } }, part(sep, 1)],
      special_tokens: Object.fromEntries([cls, sep].map((token) => [token, { id: token, ids: [vocab[token]], tokens: [token] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', unk_token: unk, continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab: { ...vocab } },
  }
}

/** "[CLS]", or {"content": "[CLS]", …}. */
function tokenText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  const content = typeof value === 'object' && value !== null && 'content' in value ? value.content : undefined
  return typeof content === 'string' ? content : undefined
}
