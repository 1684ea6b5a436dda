// Which column is what: guessed from the headers, corrected by the visitor, checked before a run.
import type { AppError } from '../errors'
import { ANSWER_NAMES, CONTEXT_NAMES, findOptions, ID_NAMES, plainHeader, PROMPT_NAMES } from './columns'
import type { Mapping, Table } from './types'

/** Guesses by header, in any order and case. Of two columns with one name the first is used; what no header names stays null. */
export function guessMapping(table: Pick<Table, 'columns'>): Mapping {
  const names = table.columns.map(plainHeader)
  const { options } = findOptions(table.columns)
  const taken = new Set(options.map((option) => option.column))
  const find = (wanted: readonly string[]): number | null => {
    for (const name of wanted) {
      const column = names.findIndex((n, c) => n === name && !taken.has(c))
      if (column >= 0) {
        taken.add(column)
        return column
      }
    }
    return null
  }
  return { id: find(ID_NAMES), prompt: find(PROMPT_NAMES), options, answer: find(ANSWER_NAMES), context: find(CONTEXT_NAMES) }
}

export interface MappingBlocker {
  code: Extract<AppError['code'], 'file_no_prompt' | 'file_no_options' | 'file_one_column'>
  detail: Record<string, string | number>
}

/** Why a run cannot start with this mapping; null if it can. */
export function mappingBlocker(table: Pick<Table, 'fileName' | 'columns'>, mapping: Mapping): MappingBlocker | null {
  const file = table.fileName
  if (table.columns.length < 2) return { code: 'file_one_column', detail: { file, column: table.columns[0] ?? '' } }
  if (mapping.prompt === null) return { code: 'file_no_prompt', detail: { file } }
  if (mapping.options.length < 2) return { code: 'file_no_options', detail: { file } }
  return null
}
