// Unigram (Kudo 2018), as DeBERTa-v3's tokenizer.json has it: words begin with ▁, and each is cut into the pieces of the highest sum of scores
// (Viterbi). As `encode_optimized` of Hugging Face's tokenizers (Rust): a character without a piece costs the lowest score less 10, neighbours
// of that kind are one unknown token, and of equal paths the one found first stays. Special tokens are pieces of the vocabulary too; they are
// barred here, so that text which spells one stays text.
import {
  damaged,
  flagOf,
  isId,
  kindOf,
  listOf,
  MOST_TOKENS,
  objectOf,
  readSpecialTokens,
  shown,
  textOf,
  unsupported,
  type Json,
} from './json-parts'
import { readNormalizer } from './normalizer'
import { remembering, type WordTokenizer } from './word-tokenizer'

const UNKNOWN_PENALTY = 10

/** Throws tokenizer_damaged, model_unsupported. */
export function createUnigram(file: Json): WordTokenizer {
  const split = readMetaspace(file['pre_tokenizer'])
  const model = objectOf(file['model'], 'model')
  if (model['byte_fallback'] === true) throw unsupported('byte_fallback', true, 'false')
  const special = readSpecialTokens(file)
  const ids = new Map<string, number>()
  const scores = readPieces(model['vocab'], ids)
  const unknown = model['unk_id']
  if (!isId(unknown) || unknown >= scores.length) throw damaged(`model.unk_id is ${shown(unknown)}`)
  const known = new Map([...ids, ...special.map(({ content, id }) => [content, id] as const)])
  for (const { content } of special) ids.delete(content)
  const normalize = readNormalizer(file['normalizer'])
  const encodeWord = remembering(createLattice(ids, scores, unknown))
  return {
    idOf: (token) => known.get(token),
    idLimit: scores.length,
    encode: (text) => split(normalize(text)).flatMap((word) => encodeWord(word)),
  }
}

/** [[piece, score]] -> scores by id; fills `ids`. */
function readPieces(value: unknown, ids: Map<string, number>): Float64Array {
  const vocabulary = listOf(value, 'model.vocab')
  if (vocabulary.length > MOST_TOKENS) throw damaged(`model.vocab has ${vocabulary.length} pieces`)
  return Float64Array.from(vocabulary, (entry, id) => {
    const [piece, score] = Array.isArray(entry) ? (entry as unknown[]) : []
    if (typeof piece !== 'string' || typeof score !== 'number') throw damaged(`piece ${id} of model.vocab is not a text and a score`)
    ids.set(piece, id)
    return score
  })
}

/** A function from a word to the ids of its best pieces. `ids`: the pieces it may use; `scores`: of every id. */
export function createLattice(ids: ReadonlyMap<string, number>, scores: Float64Array, unknown: number): (word: string) => number[] {
  const longest = [...ids.keys()].reduce((most, piece) => Math.max(most, piece.length), 1)
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY
  return (word) => {
    const best = new Float64Array(word.length + 1).fill(NaN)
    const from = new Int32Array(word.length + 1)
    const id = new Int32Array(word.length + 1)
    const offer = (start: number, end: number, piece: number, score: number): void => {
      const sum = best[start]! + score
      if (sum <= best[end]!) return // NaN, not reached yet, compares false
      best[end] = sum
      from[end] = start
      id[end] = piece
    }
    best[0] = 0
    for (let start = 0; start < word.length;) {
      const next = start + (word.codePointAt(start)! > 0xffff ? 2 : 1)
      const limit = Math.min(word.length, start + longest)
      for (let end = next; end <= limit; end++) {
        const piece = ids.get(word.slice(start, end))
        if (piece !== undefined) offer(start, end, piece, scores[piece]!)
      }
      if (!ids.has(word.slice(start, next))) offer(start, next, unknown, unknownScore)
      start = next
    }
    const pieces: number[] = []
    for (let end = word.length; end > 0; end = from[end]!) {
      if (id[end] !== unknown || pieces.at(-1) !== unknown) pieces.push(id[end]!)
    }
    return pieces.reverse()
  }
}

/** Blanks become ▁, one is put in front, and words begin at each. */
function readMetaspace(value: unknown): (text: string) => string[] {
  let part = objectOf(value, 'pre_tokenizer')
  if (kindOf(part, 'pre_tokenizer', 'Metaspace', 'Sequence') === 'Sequence') {
    const parts = listOf(part['pretokenizers'], 'pre_tokenizer.pretokenizers')
    if (parts.length !== 1) throw unsupported('the pre_tokenizer', `a sequence of ${parts.length}`, 'Metaspace')
    part = objectOf(parts[0], 'pre_tokenizer.pretokenizers')
    kindOf(part, 'pre_tokenizer', 'Metaspace')
  }
  const mark = textOf(part, 'pre_tokenizer', 'replacement')
  if (mark.length !== 1) throw damaged('pre_tokenizer.replacement is not one character')
  const scheme = part['prepend_scheme'] ?? (part['add_prefix_space'] === false ? 'never' : 'always')
  if (scheme !== 'always' && scheme !== 'first' && scheme !== 'never') throw damaged(`pre_tokenizer.prepend_scheme is ${shown(scheme)}`)
  const isSplit = part['split'] === undefined || flagOf(part, 'pre_tokenizer', 'split')
  return (text) => {
    const marked = text.replaceAll(' ', mark)
    if (marked === '') return []
    const whole = scheme !== 'never' && !marked.startsWith(mark) ? mark + marked : marked
    if (!isSplit) return [whole]
    return whole.split(mark).flatMap((word, index) => (index > 0 ? mark + word : word === '' ? [] : word))
  }
}
