// CSV as RFC 4180 has it, and for what it does not define: rows are never lost. A cell is quoted only if its first unpaired quotation mark
// stands before a delimiter, a line end or the end of the file; otherwise its marks are plain characters and the row ends with its line.
// (PapaParse, the oracle of the tests, reads the rest of the file as one cell there, and keeps one error object a mark: 700 MB for 20 MB of `"x`.)
// One pass, linear also for broken input: between a mark and the unpaired one that it finds, every other mark is paired, so that a cell
// that begins there finds its own unpaired mark at once. Lines end with LF or CRLF, mixed as they come; with CR where a file has no LF.

/** `end` is the offset after the row. Return false to stop. */
export type OnRow = (cells: string[], row: { end: number; isQuoteBroken: boolean }) => boolean

/** Calls `onRow` for every line that is not blank; cells are byte for byte, without their quoting. */
export function parseCsv(text: string, delimiter: string, onRow: OnRow): void {
  const newline = text.includes('\n') ? '\n' : '\r'
  let at = 0
  let nextDelimiter = -1
  let nextNewline = -1
  let cells: string[] = []
  let isQuoteBroken = false

  while (at < text.length || cells.length > 0) {
    if (nextNewline < at) nextNewline = indexOrEnd(text, newline, at)
    let value: string
    let end: number
    const close = text[at] === '"' ? unpairedQuote(text, at + 1) : -1
    const afterClose = close < 0 ? -1 : skipSpaces(text, close + 1)
    if (close >= 0 && close < text.length && isCellEnd(text, afterClose, delimiter, newline)) {
      value = text.slice(at + 1, close)
      if (value.includes('"')) value = value.replaceAll('""', '"')
      end = text[afterClose] === '\r' && newline === '\n' ? afterClose + 1 : afterClose
    } else {
      if (close >= 0) isQuoteBroken = true
      const from = close < nextNewline ? Math.max(at, close + 1) : at
      if (nextDelimiter < from) nextDelimiter = indexOrEnd(text, delimiter, from)
      end = Math.min(nextDelimiter, nextNewline)
      value = text.slice(
        at,
        end === nextNewline && newline === '\n' && end < text.length && text[end - 1] === '\r' && end > at ? end - 1 : end,
      )
    }
    cells.push(value)
    at = end + 1
    if (text[end] === delimiter) continue
    const isBlank = cells.length === 1 && value.trim() === ''
    if (!isBlank && !onRow(cells, { end: Math.min(at, text.length), isQuoteBroken })) return
    cells = []
    isQuoteBroken = false
  }
}

/** The delimiter that splits the header into most cells and the next rows into as many; a comma when none splits it. */
export function guessDelimiter(text: string): string {
  const sample = text.slice(0, 262_144)
  let best = ','
  let bestScore = 0
  for (const delimiter of [',', ';', '\t']) {
    const counts: number[] = []
    parseCsv(sample, delimiter, (cells) => counts.push(cells.length) < 50)
    if (counts.length > 2) counts.pop() // the sample may cut it
    const header = counts[0] ?? 1
    const score = header < 2 ? 0 : (header * counts.filter((n) => n === header).length) / counts.length
    if (score > bestScore) {
      best = delimiter
      bestScore = score
    }
  }
  return best
}

/** Offset of the first quotation mark from `from` on that does not belong to a pair; the text's length if there is none. */
function unpairedQuote(text: string, from: number): number {
  let at = indexOrEnd(text, '"', from)
  while (at < text.length && text[at + 1] === '"') at = indexOrEnd(text, '"', at + 2)
  return at
}

function isCellEnd(text: string, at: number, delimiter: string, newline: string): boolean {
  if (at >= text.length) return true
  return text[at] === delimiter || text[at] === newline || (text[at] === '\r' && text[at + 1] === newline)
}

function skipSpaces(text: string, at: number): number {
  while (text[at] === ' ') at++
  return at
}

function indexOrEnd(text: string, part: string, from: number): number {
  const index = text.indexOf(part, from)
  return index < 0 ? text.length : index
}
