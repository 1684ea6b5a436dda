// What the families of tokenizers have in common.
/** A family of tokenizers, for text alone. */
export interface WordTokenizer {
  /** Every id that `encode` gives is below this. */
  readonly idLimit: number
  /** Token ids of the text alone, without start and end. */
  encode(text: string): number[]
  /** The id of a token by its name, special tokens included. */
  idOf(token: string): number | undefined
}

const WORDS = 100_000
const LENGTH = 40

/** Words repeat, so each is cut into tokens once and remembered; long ones are rare and are not. */
export function remembering(encode: (word: string) => readonly number[]): (word: string) => readonly number[] {
  const ids = new Map<string, readonly number[]>()
  return (word) => {
    const known = ids.get(word)
    if (known) return known
    const found = encode(word)
    if (ids.size >= WORDS) ids.clear()
    if (word.length <= LENGTH) ids.set(word, found)
    return found
  }
}
