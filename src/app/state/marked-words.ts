// Which words of a passage also stand in the question: cut into runs, marked or not, so that a component can print them as text.
// Words are compared without case; short words and the commonest ones say nothing about a match and stay unmarked.
const COMMON = new Set(
  'about after also been before being between both could does during each either from have having here into itself more most much must only other over same should some such than that their them then there these they this those through under until very were what when where which while will with within without would your'.split(
    ' ',
  ),
)
const MIN_LETTERS = 4
const WORD = /[\p{L}\p{N}]+/gu

export interface Segment {
  text: string
  isMarked: boolean
}

/** Joined, the segments are the passage again. */
export function markWords(passage: string, question: string): Segment[] {
  const wanted = new Set([...question.toLowerCase().matchAll(WORD)].map(([word]) => word).filter(isTelling))
  const segments: Segment[] = []
  let at = 0
  for (const match of passage.matchAll(WORD)) {
    if (!wanted.has(match[0].toLowerCase())) continue
    if (match.index > at) segments.push({ text: passage.slice(at, match.index), isMarked: false })
    segments.push({ text: match[0], isMarked: true })
    at = match.index + match[0].length
  }
  if (at < passage.length) segments.push({ text: passage.slice(at), isMarked: false })
  return segments
}

function isTelling(word: string): boolean {
  return word.length >= MIN_LETTERS && !COMMON.has(word)
}
