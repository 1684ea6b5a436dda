// What the visitor can do about a problem before the run: leave the row out, give its right answer, or replace the ids by row numbers.
import type { Problem } from '../../core/types'

export type ProblemAction = 'skip' | 'answer' | 'renumber'

/** null: nothing on this page helps, or it concerns the whole file. */
export function actionFor({ code, row }: Problem): ProblemAction | null {
  switch (code) {
    case 'id_duplicate':
    case 'id_empty':
    case 'id_formula':
      return 'renumber'
    case 'answer_unknown':
    case 'answer_missing':
    case 'answer_option_empty':
      return row === null ? null : 'answer'
    case 'header_duplicate':
    case 'not_answered':
      return null
    case 'prompt_empty':
    case 'option_empty':
    case 'options_missing':
    case 'one_option':
    case 'row_short':
    case 'row_long':
    case 'quote_unclosed':
    case 'line_unreadable':
    case 'text_damaged':
    case 'prompt_cut':
    case 'option_cut':
    case 'context_cut':
      return row === null ? null : 'skip'
  }
}
