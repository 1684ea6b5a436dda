// Cells that a spreadsheet runs instead of showing: https://owasp.org/www-community/attacks/CSV_Injection, with the full-width signs that
// Excel takes in East Asian locales. Importers may trim, so leading space does not disarm a sign. A plain number is only a number.

/** True if Excel, LibreOffice or Sheets might run the cell: it begins with = + - @, their full-width forms, a tab or a line break. */
export function isFormula(cell: string): boolean {
  return /^[\t\r\n]|^\s*[=+\-@＝＋－＠]/.test(cell) && !/^[+-]?\d+([.,]\d+)?(e[+-]?\d+)?$/i.test(cell)
}

/** The cell with an apostrophe in front if a spreadsheet might run it: it is then shown as text. */
export function escapeFormula(cell: string): string {
  return isFormula(cell) ? `'${cell}` : cell
}
