// Byte-level BPE (Sennrich et al. 2016; Radford et al. 2019), as RoBERTa and Longformer have it: text is cut by GPT-2's pattern, each piece is
// its UTF-8 bytes, and the pair of the lowest rank is merged until none is left. A heap keeps a piece of n bytes at n log n, so that a cell of
// a million letters does not hang. Special tokens cannot come out of it: the pattern parts their brackets from their letters.
import {
  damaged,
  flagOf,
  kindOf,
  listOf,
  MOST_TOKENS,
  objectOf,
  readSpecialTokens,
  readVocabulary,
  unsupported,
  type Json,
} from './json-parts'
import { createHeap } from './heap'
import { readNormalizer } from './normalizer'
import { remembering, type WordTokenizer } from './word-tokenizer'

/** GPT-2's, with Rust's white space. */
const WORD =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

/** Throws tokenizer_damaged, model_unsupported. */
export function createByteBpe(file: Json): WordTokenizer {
  const splitter = objectOf(file['pre_tokenizer'], 'pre_tokenizer')
  kindOf(splitter, 'pre_tokenizer', 'ByteLevel')
  if (splitter['use_regex'] === false) throw unsupported('use_regex', false, 'true')
  const hasPrefixSpace = flagOf(splitter, 'pre_tokenizer', 'add_prefix_space')
  const model = objectOf(file['model'], 'model')
  for (const option of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix', 'byte_fallback', 'ignore_merges'] as const) {
    if (model[option]) throw unsupported(`model.${option}`, model[option], 'none')
  }
  const vocabulary = readVocabulary(model['vocab'])
  const special = new Map(readSpecialTokens(file).map(({ content, id }) => [content, id]))
  const bytes = byteCharacters().map((character) => {
    const id = vocabulary.get(character)
    if (id === undefined) throw damaged(`the vocabulary lacks the byte ${character}`)
    return id
  })
  const normalize = readNormalizer(file['normalizer'])
  const merge = createMerger(readMerges(model['merges'], vocabulary))
  const encoder = new TextEncoder()
  const encodeWord = remembering((word) => merge(Array.from(encoder.encode(word), (byte) => bytes[byte]!)))
  return {
    idOf: (token) => special.get(token) ?? vocabulary.get(token),
    idLimit: [...vocabulary.values()].reduce((most, id) => Math.max(most, id + 1), 0),
    encode(text) {
      const normal = normalize(text)
      const prefixed = hasPrefixSpace && normal !== '' && !normal.startsWith(' ') ? ` ${normal}` : normal
      return (prefixed.match(WORD) ?? []).flatMap((word) => encodeWord(word))
    },
  }
}

/** Key of a pair of ids -> rank and id of what it becomes, in one number. */
type Merges = ReadonlyMap<number, number>
const SHIFT = 2 ** 24
const keyOf = (left: number, right: number): number => left * SHIFT + right

/** "a b" or ["a", "b"], the most frequent first. */
function readMerges(value: unknown, vocabulary: ReadonlyMap<string, number>): Merges {
  const merges = new Map<number, number>()
  const list = listOf(value, 'model.merges')
  if (list.length > MOST_TOKENS) throw damaged(`model.merges has ${list.length} pairs`)
  list.forEach((entry, rank) => {
    const [left, right, ...more] = typeof entry === 'string' ? entry.split(' ') : Array.isArray(entry) ? (entry as unknown[]) : []
    if (typeof left !== 'string' || typeof right !== 'string' || more.length > 0) throw damaged(`merge ${rank} is not a pair of tokens`)
    const ids = [left, right, left + right].map((token) => vocabulary.get(token))
    const missing = ids.indexOf(undefined)
    if (missing >= 0) throw damaged(`merge ${rank} needs ${[left, right, left + right][missing]!}, which the vocabulary lacks`)
    const key = keyOf(ids[0]!, ids[1]!)
    if (!merges.has(key)) merges.set(key, rank * SHIFT + ids[2]!)
  })
  return merges
}

/** A function from the ids of a word's bytes to the ids of its tokens. Of pairs of one rank the first is merged first. */
export function createMerger(merges: Merges): (word: readonly number[]) => number[] {
  return (word) => {
    const ids = Int32Array.from(word)
    const next = Int32Array.from(word, (_, at) => at + 1)
    const before = Int32Array.from(word, (_, at) => at - 1)
    const end = word.length
    const waiting = createHeap() // rank · 2^29 + place of the left one
    const consider = (left: number): void => {
      if (left < 0 || next[left]! >= end) return
      const found = merges.get(keyOf(ids[left]!, ids[next[left]!]!))
      if (found !== undefined) waiting.push(Math.floor(found / SHIFT) * 2 ** 29 + left)
    }
    for (let at = 0; at < end; at++) consider(at)
    for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
      const left = entry % 2 ** 29
      const right = next[left]!
      if (ids[left]! < 0 || right >= end) continue
      const found = merges.get(keyOf(ids[left]!, ids[right]!))
      if (found === undefined || Math.floor(found / SHIFT) !== Math.floor(entry / 2 ** 29)) continue // one of the two was merged since
      ids[left] = found % SHIFT
      ids[right] = -1
      next[left] = next[right]!
      if (next[left] < end) before[next[left]] = left
      consider(before[left]!)
      consider(left)
    }
    return Array.from(ids).filter((id) => id >= 0)
  }
}

/** GPT-2's bytes_to_unicode: printable bytes as they are, the others from U+0100 on. */
function byteCharacters(): string[] {
  let spare = 0x100
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
    return String.fromCharCode(isPrintable ? byte : spare++)
  })
}
