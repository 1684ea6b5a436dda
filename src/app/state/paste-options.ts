// Several options pasted into one field: one per line, or one per cell of a spreadsheet row.
// List marks ("A)", "2.", "- ") are taken off only where every line has one and they count up, so that
// "1. FC Köln" or "B. Russell" alone stays as it was typed.

export const MIN_OPTIONS = 2
export const MAX_OPTIONS = 8

/** The options in pasted text, outer spaces removed; fewer than two mean that it is ordinary text. */
export function splitPastedOptions(text: string): string[] {
  const lines = nonEmpty(text.split(/\r\n|\r|\n/))
  const cells = lines.length === 1 ? nonEmpty(text.split('\t')) : lines
  return removeMarks(cells)
}

/** `options` with `pasted` written from place `at` on; grows to MAX_OPTIONS, `dropped` counts what did not fit. */
export function fillOptions(options: readonly string[], at: number, pasted: readonly string[]): { options: string[]; dropped: number } {
  const filled = [...options]
  const kept = pasted.slice(0, MAX_OPTIONS - at)
  kept.forEach((text, i) => (filled[at + i] = text))
  return { options: filled, dropped: pasted.length - kept.length }
}

function nonEmpty(parts: string[]): string[] {
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function removeMarks(cells: string[]): string[] {
  const marked = cells.map((cell) => /^(?:\(?([A-Za-z]|\d{1,2})(?:[).:]\s|[、．）])|[-*•]\s)\s*(\S.*)$/su.exec(cell))
  const counts = marked.every((m, i) => m !== null && isMark(m[1], i, marked[0]?.[1]))
  return counts && cells.length > 1 ? marked.map((m) => m?.[2] ?? '') : cells
}

/** Bullets match bullets; letters and numbers must count up from A or 1. */
function isMark(mark: string | undefined, place: number, first: string | undefined): boolean {
  if (mark === undefined) return first === undefined
  return /\d/.test(mark) ? Number(mark) === place + 1 : mark.toUpperCase().charCodeAt(0) - 65 === place
}

/** A prompt followed by its options, each on a marked line ("A) …"); null for any other text. */
export function splitPastedQuestion(text: string): { prompt: string; options: string[] } | null {
  const lines = nonEmpty(text.split(/\r\n|\r|\n/))
  for (let start = 1; start <= lines.length - MIN_OPTIONS; start++) {
    const rest = lines.slice(start)
    const options = removeMarks(rest)
    if (options !== rest) return { prompt: lines.slice(0, start).join('\n'), options }
  }
  return null
}
