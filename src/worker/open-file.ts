// The file that is open in the page: its table, the mapping and edits in force, the questions they make, and the answers so far.
// Rows stay here; the page asks for the few it shows.
import { guessMapping, mappingBlocker, readQuestions, readTable } from '../core/dataset'
import { NO_EDITS, type Edits, type Mapping, type Table } from '../core/dataset/types'
import { placeOf } from '../core/score/rank'
import { LOW_CONFIDENCE } from '../core/score/confidence'
import type { Answer, Problem, Question } from '../core/types'
import type { AnswerSummary, FileView, RowFilter, RowView } from './protocol'

const SHOWN_PROBLEMS = 1_000
const SAMPLE_CHARACTERS = 200

export class OpenFile {
  mapping: Mapping
  edits: Edits = NO_EDITS
  questions: Question[] = []
  /** answers[index]; a hole is a row that is not answered. */
  answers: (Answer | undefined)[] = []
  problems: Problem[] = []
  /** Lower-case text of each row, made at the first search. */
  #searchable: string[] | null = null

  constructor(
    readonly table: Table,
    readonly bytes: Uint8Array,
  ) {
    this.mapping = guessMapping(table)
    this.change(this.mapping, NO_EDITS)
  }

  static read(name: string, bytes: Uint8Array, signal: AbortSignal, onProgress: (done: number, total: number) => void): OpenFile {
    return new OpenFile(readTable(name, bytes, signal, onProgress), bytes)
  }

  change(mapping: Mapping, edits: Edits): void {
    this.mapping = mapping
    this.edits = edits
    const isReadable = mappingBlocker(this.table, mapping) === null
    const read = isReadable ? readQuestions(this.table, mapping, edits) : { questions: [], problems: [] }
    this.questions = read.questions
    this.problems = [...this.table.problems, ...read.problems].sort((a, b) => (a.row ?? 0) - (b.row ?? 0))
    this.answers = []
    this.#searchable = null
  }

  /** Rows the run answers: those that are not skipped. */
  get asked(): Question[] {
    const skipped = new Set(this.edits.skippedRows)
    return skipped.size === 0 ? this.questions : this.questions.filter((question) => !skipped.has(question.row))
  }
  get letters(): string[] {
    return this.mapping.options.map((option) => option.letter)
  }

  view(): FileView {
    const { table } = this
    return {
      fileName: table.fileName,
      format: table.format,
      delimiter: table.delimiter,
      encoding: table.encoding,
      bytes: table.bytes,
      columns: table.columns,
      rowCount: table.rows.length,
      samples: table.columns.map((_, column) => firstCell(table, column)),
      mapping: this.mapping,
      edits: this.edits,
      questionCount: this.asked.length,
      labelledCount: this.asked.filter((question) => question.answer !== null).length,
      contextCount: this.asked.filter((question) => question.context !== null).length,
      letters: this.letters,
      problems: this.problems.slice(0, SHOWN_PROBLEMS),
      problemCount: this.problems.length,
      blocker: mappingBlocker(table, this.mapping),
    }
  }

  summarize(answer: Answer): AnswerSummary {
    const question = this.questions[answer.index]!
    return {
      index: answer.index,
      letters: question.options.map((option) => option.letter),
      ranking: answer.ranking,
      probabilities: answer.probabilities,
      place: answerPlace(question, answer),
    }
  }

  /** What is answered so far. */
  get given(): Answer[] {
    return this.answers.filter((answer) => answer !== undefined)
  }
  summaries(): AnswerSummary[] {
    return this.given.map((answer) => this.summarize(answer))
  }

  row(index: number): RowView {
    const question = this.questions[index]
    if (!question) throw new Error(`internal: row index ${index}`)
    const answer = this.answers[index] ?? null
    return { question, answer, problems: [...this.#problemsOf(question.row), ...(answer?.problems ?? [])] }
  }

  select(filter: RowFilter, search: string): { indices: Uint32Array; counts: Record<RowFilter, number> } {
    const rowsWithProblems = new Set(this.problems.map((problem) => problem.row))
    const tests: Record<RowFilter, (index: number) => boolean> = {
      all: () => true,
      low: (index) => confidence(this.answers[index]) < LOW_CONFIDENCE,
      wrong: (index) => {
        const place = this.answers[index] && answerPlace(this.questions[index]!, this.answers[index])
        return typeof place === 'number' && place > 1
      },
      problems: (index) => rowsWithProblems.has(index + 1) || (this.answers[index]?.problems.length ?? 0) > 0,
    }
    const words = search.toLowerCase().trim()
    const found: number[] = []
    const counts: Record<RowFilter, number> = { all: 0, low: 0, wrong: 0, problems: 0 }
    for (let index = 0; index < this.questions.length; index++) {
      if (words !== '' && !this.#text(index).includes(words)) continue
      for (const name of Object.keys(counts) as RowFilter[]) if (tests[name](index)) counts[name]++
      if (tests[filter](index)) found.push(index)
    }
    return { indices: Uint32Array.from(found), counts }
  }

  #text(index: number): string {
    this.#searchable ??= this.questions.map((q) => [q.id, q.prompt, ...q.options.map((option) => option.text)].join('\n').toLowerCase())
    return this.#searchable[index] ?? ''
  }
  #problemsOf(row: number): Problem[] {
    return this.problems.filter((problem) => problem.row === row)
  }
}

/** 1-based place of the right option in the ranking; null without a usable key. */
export function answerPlace(question: Question, answer: Answer): number | null {
  return question.answer === null ? null : placeOf(answer.ranking, question.answer)
}

const confidence = (answer: Answer | undefined): number => (answer ? (answer.probabilities[answer.ranking[0] ?? -1] ?? 1) : 1)

function firstCell(table: Table, column: number): string {
  const row = table.rows.find((cells) => (cells[column] ?? '').trim() !== '')
  return (row?.[column] ?? '').slice(0, SAMPLE_CHARACTERS)
}
