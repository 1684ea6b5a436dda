// English sentences of row problems; Chinese ones stand in app/text/zh.ts under the same codes.
import { fill } from './errors'
import type { Problem, ProblemCode } from './types'

export const PROBLEM_SENTENCES: Record<ProblemCode, string> = {
  prompt_empty: 'The question is empty. It will be ranked by its options alone.',
  option_empty: 'Option {letter} is empty. The other {left} will be ranked.',
  options_missing: 'No option has any text. Its line in submission.csv lists the letters in file order.',
  one_option: 'Only option {letter} has text, so it is ranked first without asking the model.',
  answer_unknown: 'The answer is “{answer}”; only {letters} exist. It will be answered, but not scored.',
  answer_missing: 'The answer cell is empty. It will be answered, but not scored.',
  answer_option_empty: 'The answer is {letter}, but that option is empty. It will be answered, but not scored.',
  id_duplicate: 'The id {id} is used before, in row {first}. Kaggle rejects repeated ids.',
  id_empty: 'The id is empty. The row number is used.',
  id_formula: 'A spreadsheet would run the id “{id}” as a formula. It is written as it stands.',
  row_short: 'The row has {cells} of {columns} cells. The missing ones count as empty.',
  row_long: 'The row has {cells} cells, the header {columns}. The extra ones are left out.',
  header_duplicate: 'The column “{column}” appears twice. The first one is used.',
  quote_unclosed:
    'A cell opens with a quotation mark that does not close it. The marks are read as plain characters, and the row ends with its line.',
  line_unreadable: 'Line {line} is not a JSON object, so it has no options.',
  text_damaged: 'Some characters could not be decoded. Save the file as UTF-8.',
  prompt_cut: 'The question has {tokens} tokens; the model reads the last {kept}.',
  option_cut: 'Option {letter} has {tokens} tokens; the model reads the first {kept}.',
  context_cut: 'The context has {tokens} tokens; the model reads {kept}.',
  not_answered: 'The run was stopped before this row. Its line lists the letters in file order.',
}

/** The sentence of a problem, in English. */
export function problemSentence(problem: Problem): string {
  return fill(PROBLEM_SENTENCES[problem.code], problem.detail)
}
