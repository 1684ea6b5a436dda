// Changing which column is what. A column has one role: giving it another takes it from the first.
import type { Mapping } from '../../core/dataset/types'

export type Role = 'prompt' | 'answer' | 'id' | 'context' | { option: string }

export function columnOf(mapping: Mapping, role: Role): number | null {
  if (typeof role === 'string') return mapping[role]
  return mapping.options.find((option) => option.letter === role.option)?.column ?? null
}

/** `column` null takes the role away; an option without a column is no longer one. */
export function withColumn(mapping: Mapping, role: Role, column: number | null): Mapping {
  const freed = column === null ? mapping : withoutColumn(mapping, column)
  if (typeof role === 'string') return { ...freed, [role]: column }
  const others = freed.options.filter((option) => option.letter !== role.option)
  if (column === null) return { ...freed, options: others }
  return { ...freed, options: sorted([...others, { letter: role.option, column }]) }
}

/** One more option. Its letter is the header's own where that is a single free letter, else the first free one; no change when all 26 are used. */
export function withOption(mapping: Mapping, columns: readonly string[], column: number): Mapping {
  const used = new Set(mapping.options.filter((option) => option.column !== column).map((option) => option.letter))
  const own = (columns[column] ?? '').trim().toUpperCase()
  const letter = /^[A-Z]$/.test(own) && !used.has(own) ? own : [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].find((free) => !used.has(free))
  return letter === undefined ? mapping : withColumn(mapping, { option: letter }, column)
}

function withoutColumn(mapping: Mapping, column: number): Mapping {
  const keep = (mapped: number | null) => (mapped === column ? null : mapped)
  return {
    id: keep(mapping.id),
    prompt: keep(mapping.prompt),
    answer: keep(mapping.answer),
    context: keep(mapping.context),
    options: mapping.options.filter((option) => option.column !== column),
  }
}
function sorted(options: Mapping['options']): Mapping['options'] {
  return options.sort((a, b) => (a.letter < b.letter ? -1 : 1))
}
