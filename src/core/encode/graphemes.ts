// The grapheme clusters of a text, in linear time. Intl.Segmenter takes quadratic time on a long text in V8, so it is given a window at a
// time; the last cluster of a window may go on behind it and is left to the next one.
const WINDOW = 256
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

export function graphemes(text: string): string[] {
  const clusters: string[] = []
  let size = WINDOW
  for (let from = 0; from < text.length;) {
    const found = Array.from(segmenter.segment(text.slice(from, wholeCharacters(text, from + size))), ({ segment }) => segment)
    if (from + size < text.length) {
      if (found.length < 2) {
        size *= 2
        continue
      }
      found.pop()
    }
    for (const cluster of found) {
      clusters.push(cluster)
      from += cluster.length
    }
    size = WINDOW
  }
  return clusters
}

/** `end`, or one more where that would part a surrogate pair. */
function wholeCharacters(text: string, end: number): number {
  const code = text.charCodeAt(end - 1)
  return code >= 0xd800 && code < 0xdc00 ? end + 1 : end
}
