// A text of any length -> passages of a size that a question can use: whole sentences, up to about 90 words, each passage starting with the
// last sentence of the one before where that is short, so that what a sentence refers to stays with it.

export interface PassageSize {
  /** Most words of a passage. */
  words: number
  /** Most words repeated from the passage before; 0 for none. */
  overlap: number
}
export const PASSAGE_SIZE: PassageSize = { words: 90, overlap: 20 }

const CJK = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}'
const CLOSING = '["\'”’»)\\]」』）]'
/** In text with single blanks: after . ! ? ; unless a small letter follows ("e.g. cats"), after the Chinese and Japanese forms, at paragraphs. */
const SENTENCE_END = new RegExp(`\\n|(?<=[.!?;]${CLOSING}{0,3}) (?!\\p{Ll})|(?<=[。！？；]${CLOSING}{0,3})(?!${CLOSING}) ?`, 'u')
/** A word and the blanks after it. Chinese and Japanese have none: two characters count as a word. A word of 200 characters is cut: it is none. */
const WORD = new RegExp(`(?:[${CJK}]{1,2}|[^\\s${CJK}]{1,200})\\s*`, 'gu')
const ENDS_IN_CJK = new RegExp(`[${CJK}。！？；，、「」『』（）]$`, 'u')

interface Sentence {
  text: string
  words: number
}

/** Passages of a text, in order; none for a text without a word. White space becomes single blanks. */
export function splitPassages(text: string, { words, overlap }: PassageSize = PASSAGE_SIZE): string[] {
  const passages: string[] = []
  let open: Sentence[] = []
  let size = 0
  for (const sentence of singleBlanks(text)
    .split(SENTENCE_END)
    .flatMap((part) => cutSentence(part, words))) {
    if (size > 0 && size + sentence.words > words) {
      passages.push(joinSentences(open))
      const last = open.at(-1)!
      const isRepeated = open.length > 1 && last.words <= overlap && last.words + sentence.words <= words
      open = isRepeated ? [last] : []
      size = isRepeated ? last.words : 0
    }
    open.push(sentence)
    size += sentence.words
  }
  if (size > 0) passages.push(joinSentences(open))
  return passages
}

/** Every run of white space becomes a blank, or a line feed where it holds a blank line. */
function singleBlanks(text: string): string {
  return text.replace(/\s+/g, (run) => (run.split('\n').length > 2 ? '\n' : ' '))
}

/** A sentence as it is, or in pieces of `words` words where it is longer; nothing for blanks. */
function cutSentence(text: string, words: number): Sentence[] {
  const parts = text.trim().match(WORD) ?? []
  const pieces: Sentence[] = []
  for (let from = 0; from < parts.length; from += words) {
    const piece = parts.slice(from, from + words)
    pieces.push({ text: piece.join('').trimEnd(), words: piece.length })
  }
  return pieces
}

function joinSentences(sentences: readonly Sentence[]): string {
  return sentences.map(({ text }, i) => (i === sentences.length - 1 || ENDS_IN_CJK.test(text) ? text : `${text} `)).join('')
}
