// What an answer cell means. Files write the right option as its letter, its number from 0 or from 1, or its text. One column speaks one
// language, so the column is read as the one that explains most of its cells; a cell that it does not explain is tried in the others.
import { clip } from './clip'
import { plainHeader } from './columns'

/** One row as the answer column sees it. `options` in mapped order; empty ones are ''. */
export interface AnswerRow {
  answer: string
  options: readonly string[]
}

/** Index into the mapped options (also of an empty option), or null where the cell names none of them. */
export type ReadAnswer = (row: AnswerRow) => number | null

export interface AnswerColumn {
  /** Letters of the mapped options. */
  letters: readonly string[]
  /** Header of the answer column. */
  header: string
  /** First number of option columns such as ending0 or choice1; null for lettered ones. */
  numbersFrom: number | null
}

/** Decides over the whole column how its cells are read. Where letters, texts and numbers explain equally many, that is the order. */
export function answerReader(rows: Iterable<AnswerRow>, column: AnswerColumn): ReadAnswer {
  const byLetter: ReadAnswer = ({ answer }) => letterIndex(answer, column.letters)
  const list = [...rows].filter((row) => row.answer.trim() !== '')
  const base = numberBase(list, column)
  const byNumber: ReadAnswer = ({ answer, options }) => numberIndex(answer, options.length, base)
  if (list.every((row) => byLetter(row) !== null)) return byLetter
  const languages = [byLetter, byText, byNumber].map((read) => ({ read, explained: list.filter((row) => read(row) !== null).length }))
  languages.sort((a, b) => b.explained - a.explained)
  return (row) => {
    for (const { read } of languages) {
      const index = read(row)
      if (index !== null) return index
    }
    return null
  }
}

/** "B", "b", "(B)", "B.", "Option B". */
export function letterIndex(answer: string, letters: readonly string[]): number | null {
  const letter = /^(?:option|choice|answer)?[\s_:]*[([]?([a-z])[)\].:]?$/i.exec(answer.trim())?.[1]?.toUpperCase()
  const index = letter === undefined ? -1 : letters.indexOf(letter)
  return index < 0 ? null : index
}

const byText: ReadAnswer = ({ answer, options }) => {
  const exact = answer.trim()
  const index = options.findIndex((option) => option !== '' && option.trim() === exact)
  if (index >= 0) return index
  const loose = looseText(exact)
  const similar = options.findIndex((option) => option !== '' && looseText(option) === loose)
  return similar < 0 ? null : similar
}

function looseText(text: string): string {
  return text.trim().replace(/\s+/g, ' ').toLowerCase()
}

function numberIndex(answer: string, count: number, base: number): number | null {
  const number = wholeNumber(answer)
  const index = number === null ? -1 : number - base
  return index >= 0 && index < count ? index : null
}

/** "2" or, as a data frame with gaps writes it, "2.0". */
function wholeNumber(answer: string): number | null {
  return /^\d{1,3}(\.0+)?$/.test(answer.trim()) ? Number(answer) : null
}

/**
 * Whether numbers count from 0 or 1: as the option headers do; else the base that leaves fewer cells unexplained (a 0 speaks for 0, a 5 of five
 * options for 1); else 0 where the header is a machine's word, and 1 where it is a person's.
 */
function numberBase(rows: readonly AnswerRow[], column: AnswerColumn): number {
  if (column.numbersFrom === 0 || column.numbersFrom === 1) return column.numbersFrom
  const explained = (base: number) =>
    rows.filter((row) => isFilled(row.options[numberIndex(row.answer, row.options.length, base) ?? -1])).length
  const difference = explained(0) - explained(1)
  if (difference !== 0) return difference > 0 ? 0 : 1
  return /label|idx|index|target|gold/.test(plainHeader(column.header)) ? 0 : 1
}

function isFilled(option: string | undefined): boolean {
  return option !== undefined && option.trim() !== ''
}

/** For sentences: "A, B, C". */
export function listLetters(letters: readonly string[]): string {
  return clip(letters.join(', '))
}
