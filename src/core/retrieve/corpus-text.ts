// Pieces of a long text, so that one line of any length is indexed a piece at a time and an abort gets through between two of them.

export interface Section {
  /** Its heading; empty where it has none. */
  title: string
  text: string
}

const PIECE_CHARACTERS = 65_536

/** Cuts at the last blank line, line end or blank of each piece; their concatenation is the text. Nothing for an empty text. */
export function* cutText(text: string, size = PIECE_CHARACTERS): Generator<string> {
  for (let at = 0; at < text.length;) {
    const piece = text.slice(at, at + size)
    const end = at + size >= text.length ? piece.length : lastBreak(piece)
    yield piece.slice(0, end)
    at += end
  }
}

/** Length of the piece up to its last break in the second half; never between the halves of a surrogate pair. */
function lastBreak(piece: string): number {
  for (const mark of ['\n\n', '\n', '。', ' ']) {
    const at = piece.lastIndexOf(mark)
    if (at >= piece.length / 2) return at + mark.length
  }
  const isHalved = /[\uD800-\uDBFF]$/.test(piece) && piece.length > 1
  return isHalved ? piece.length - 1 : piece.length
}
