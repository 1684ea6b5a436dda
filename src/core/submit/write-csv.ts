// CSV as RFC 4180 writes it, with LF line ends: the same cells always give the same bytes.

/** Quoted only if it holds a comma, a quotation mark or a line break. */
export function csvCell(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

/** One line with its LF. A single empty cell is quoted, so that the line is not taken for a blank one. */
export function csvLine(cells: readonly string[]): string {
  return (cells.length === 1 && cells[0] === '' ? '""' : cells.map(csvCell).join(',')) + '\n'
}
