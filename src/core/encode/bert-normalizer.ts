// What BERT does to text before it is cut into words: control characters out, every white space a blank, blanks around Chinese characters,
// accents off, lower case. Agrees with `BertNormalizer` of Hugging Face's tokenizers 0.23 (Rust), whose tables stand at Unicode 8: of all code
// points, 658 that came or moved later (rare scripts, U+2E43 and on) are cut by what they are now. The one of @huggingface/tokenizers differs
// more: JavaScript's \s and final sigma, Chinese characters beyond U+FFFF.

export interface BertNormalizerSettings {
  clean_text: boolean
  handle_chinese_chars: boolean
  /** null: as `lowercase`. */
  strip_accents: boolean | null
  lowercase: boolean
}

const PLAIN = /^[\x20-\x7e]*$/
const DROPPED = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\ufffd]/gu
const WHITE_SPACE = /\p{White_Space}/gu
const ACCENT = /\p{Mn}/gu
// The blocks of the original BERT code, U+2B920 (sic) included.
const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu

/** A function from text to normalized text. */
export function createBertNormalizer(settings: BertNormalizerSettings): (text: string) => string {
  const { clean_text, handle_chinese_chars, lowercase } = settings
  const strip_accents = settings.strip_accents ?? lowercase
  return (text) => {
    if (PLAIN.test(text)) return lowercase ? text.toLowerCase() : text
    if (clean_text) text = text.replace(DROPPED, '').replace(WHITE_SPACE, ' ')
    if (handle_chinese_chars) text = text.replace(CHINESE, ' $& ')
    if (strip_accents) text = text.normalize('NFD').replace(ACCENT, '')
    if (lowercase) text = text.replaceAll('Σ', 'σ').toLowerCase() // by character: Σ never becomes the final ς
    return text
  }
}
