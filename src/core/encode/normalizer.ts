// What happens to text before it is cut into words, outside BERT: the steps of the `normalizer` of tokenizer.json, in Rust's meaning of white
// space (the Unicode property, which JavaScript's \s and trim are not).
import { createBertNormalizer } from './bert-normalizer'
import { createCharacterMap } from './character-map'
import { damaged, flagOf, kindOf, listOf, objectOf, textOf, unsupported } from './json-parts'

type Step = (text: string) => string

const KINDS = ['Sequence', 'Strip', 'Precompiled', 'Replace', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'BertNormalizer'] as const
/** Patterns without groups, so that none can take exponential time. */
const PATTERN = /^(?:\\[snrt]|[^\\()])+$/
const WHITE_SPACE = '\\p{White_Space}'

/** Throws tokenizer_damaged, or model_unsupported for a step that Pagewise does not know. */
export function readNormalizer(value: unknown): Step {
  if (value === null || value === undefined) return (text) => text
  const normalizer = objectOf(value, 'normalizer')
  const kind = kindOf(normalizer, 'normalizer', ...KINDS)
  switch (kind) {
    case 'Sequence': {
      const steps = listOf(normalizer['normalizers'], 'normalizer.normalizers').map((step) => {
        if (objectOf(step, 'normalizer.normalizers')['type'] === 'Sequence')
          throw unsupported('the normalizer', 'Sequence in Sequence', KINDS.join(', '))
        return readNormalizer(step)
      })
      return (text) => steps.reduce((changed, step) => step(changed), text)
    }
    case 'Strip': {
      const left = flagOf(normalizer, 'normalizer', 'strip_left') ? /^\p{White_Space}+/u : null
      const isRight = flagOf(normalizer, 'normalizer', 'strip_right')
      return (text) => stripEnd(left ? text.replace(left, '') : text, isRight)
    }
    case 'Precompiled':
      return createCharacterMap(textOf(normalizer, 'normalizer', 'precompiled_charsmap'))
    case 'Replace':
      return replaceStep(objectOf(normalizer['pattern'], 'normalizer.pattern'), textOf(normalizer, 'normalizer', 'content'))
    case 'Lowercase':
      return (text) => text.replaceAll('Σ', 'σ').toLowerCase()
    case 'BertNormalizer': {
      const strip = normalizer['strip_accents'] ?? null
      if (strip !== null && typeof strip !== 'boolean') throw damaged('normalizer.strip_accents is neither true, false nor null')
      return createBertNormalizer({
        clean_text: flagOf(normalizer, 'normalizer', 'clean_text'),
        handle_chinese_chars: flagOf(normalizer, 'normalizer', 'handle_chinese_chars'),
        strip_accents: strip,
        lowercase: flagOf(normalizer, 'normalizer', 'lowercase'),
      })
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (text) => text.normalize(kind)
  }
}

const WHITE = /\p{White_Space}/u
/** By hand: a pattern that ends in $ takes quadratic time on long white space. */
function stripEnd(text: string, isStripped: boolean): string {
  let end = text.length
  while (isStripped && end > 0 && WHITE.test(text[end - 1]!)) end--
  return text.slice(0, end)
}

function replaceStep(pattern: Record<string, unknown>, content: string): Step {
  const { String: plain, Regex: source } = pattern
  if (typeof plain === 'string' && plain !== '') return (text) => text.replaceAll(plain, () => content)
  if (typeof source !== 'string' || !PATTERN.test(source)) throw unsupported('a pattern', source ?? plain, 'patterns without groups')
  let expression: RegExp
  try {
    expression = new RegExp(source.replaceAll('\\s', WHITE_SPACE), 'gu')
  } catch {
    throw unsupported('a pattern', source, 'patterns without groups')
  }
  return (text) => text.replace(expression, () => content)
}
