// Rows -> questions, one for every row and in the file's order, so that a question's index is its row - 1. What is wrong with a row is a
// Problem and never stops the file. Texts are the cells byte for byte; only answers and the test for emptiness ignore outer spaces.
import { isFormula } from '../submit/formula'
import type { Option, Problem, ProblemCode, Question } from '../types'
import { answerReader, letterIndex, listLetters, type ReadAnswer } from './answers'
import { clip } from './clip'
import { findOptions } from './columns'
import type { Edits, Mapping, Table } from './types'

export interface ReadQuestions {
  questions: Question[]
  /** In row order; those that reading the table found stand in `table.problems`. */
  problems: Problem[]
}

/**
 * Reads every row through the mapping. Skipped rows are questions too, so that they keep their line, but have no problems: whoever runs the
 * questions leaves them out. Ids that repeat stay as they are, and are listed.
 */
export function readQuestions(table: Table, mapping: Mapping, edits: Edits): ReadQuestions {
  const quiet = new Set<number | null>(edits.skippedRows)
  // A line that is not JSON has been listed; that it has no prompt and no options is no news.
  for (const problem of table.problems) if (problem.code === 'line_unreadable') quiet.add(problem.row)
  const reader = new RowReader(table, mapping, edits)
  const problems: Problem[] = []
  const questions = table.rows.map((cells, index) => {
    const read = reader.read(cells, index + 1)
    if (!quiet.has(index + 1)) problems.push(...read.problems)
    return read.question
  })
  return { questions, problems }
}

class RowReader {
  private readonly idColumn: string | null
  private readonly letters: string[]
  private readonly rowOfId = new Map<string, number>()
  private readonly readAnswer: ReadAnswer

  constructor(
    private readonly table: Table,
    private readonly mapping: Mapping,
    private readonly edits: Edits,
  ) {
    this.idColumn = this.header(mapping.id)
    this.letters = mapping.options.map((option) => option.letter)
    this.readAnswer = answerReader(
      mapping.answer === null
        ? []
        : table.rows.map((cells) => ({ answer: cells[mapping.answer!] ?? '', options: this.optionCells(cells) })),
      { letters: this.letters, header: this.header(mapping.answer) ?? '', numbersFrom: this.numbersFrom() },
    )
  }

  read(cells: readonly string[], row: number): { question: Question; problems: Problem[] } {
    const problems: Problem[] = []
    const note = (code: ProblemCode, column: string | null, detail: Problem['detail'] = {}) => problems.push({ row, column, code, detail })
    const { mapping } = this
    const id = this.readId(cells, row, note)
    const prompt = cells[mapping.prompt ?? -1] ?? ''
    if (isEmpty(prompt)) note('prompt_empty', this.header(mapping.prompt))
    const texts = this.optionCells(cells)
    const options = this.readOptions(texts, note)
    const context = cells[mapping.context ?? -1] ?? ''
    const answer = this.readKey(cells, row, texts, options, note)
    return { question: { row, id, prompt, options, context: isEmpty(context) ? null : context, answer }, problems }
  }

  private readId(cells: readonly string[], row: number, note: Note): string {
    const cell = this.mapping.id === null || this.edits.isRenumbered ? null : (cells[this.mapping.id] ?? '')
    const id = cell === null || isEmpty(cell) ? String(row) : cell
    if (cell !== null && isEmpty(cell)) note('id_empty', this.idColumn)
    const first = this.rowOfId.get(id)
    if (first === undefined) this.rowOfId.set(id, row)
    else note('id_duplicate', this.idColumn, { id: clip(id), first })
    if (isFormula(id)) note('id_formula', this.idColumn, { id: clip(id) })
    return id
  }

  private readOptions(texts: readonly string[], note: Note): Option[] {
    const options: Option[] = []
    for (const [i, text] of texts.entries()) if (!isEmpty(text)) options.push({ letter: this.letters[i]!, text })
    if (options.length === 0) note('options_missing', null)
    else if (options.length === 1) note('one_option', this.headerOf(options[0]!.letter), { letter: options[0]!.letter })
    else {
      // A JSON record has as many options as it has: only a gap between them is worth a word.
      const last = this.table.format === 'jsonl' ? texts.findLastIndex((text) => !isEmpty(text)) : texts.length
      for (let i = 0; i < last; i++) {
        const letter = this.letters[i]!
        if (isEmpty(texts[i]!)) note('option_empty', this.headerOf(letter), { letter, left: options.length })
      }
    }
    return options
  }

  private readKey(cells: readonly string[], row: number, texts: readonly string[], options: readonly Option[], note: Note): number | null {
    const edit = this.edits.answers[row]
    const column = this.header(this.mapping.answer)
    if (edit === undefined && this.mapping.answer === null) return null
    const answer = edit ?? cells[this.mapping.answer ?? -1] ?? ''
    if (isEmpty(answer)) {
      note('answer_missing', column)
      return null
    }
    const index = (edit === undefined ? null : letterIndex(edit, this.letters)) ?? this.readAnswer({ answer, options: texts })
    if (index === null) {
      note('answer_unknown', column, { answer: clip(answer.trim()), letters: listLetters(this.letters) })
      return null
    }
    const letter = this.letters[index]!
    const right = options.findIndex((option) => option.letter === letter)
    if (right < 0) note('answer_option_empty', column, { letter })
    return right < 0 ? null : right
  }

  private optionCells(cells: readonly string[]): string[] {
    return this.mapping.options.map((option) => cells[option.column] ?? '')
  }

  private header(column: number | null): string | null {
    return column === null ? null : (this.table.columns[column] ?? null)
  }

  private headerOf(letter: string): string | null {
    return this.header(this.mapping.options.find((option) => option.letter === letter)?.column ?? null)
  }

  /** Where the headers of the mapped options begin to count: ending0 or choice1. */
  private numbersFrom(): number | null {
    return findOptions(this.mapping.options.map((option) => this.table.columns[option.column] ?? '')).numbersFrom
  }
}

type Note = (code: ProblemCode, column: string | null, detail?: Problem['detail']) => void

function isEmpty(cell: string): boolean {
  return cell.trim() === ''
}
