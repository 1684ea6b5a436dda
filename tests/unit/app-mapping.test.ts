import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { columnOf, withColumn, withOption, type Role } from '../../src/app/state/mapping'
import type { Mapping } from '../../src/core/dataset/types'

const mapping: Mapping = {
  id: 0,
  prompt: 1,
  options: [
    { letter: 'A', column: 2 },
    { letter: 'B', column: 3 },
  ],
  answer: 4,
  context: null,
}
const role = fc.oneof(
  fc.constantFrom<Role>('id', 'prompt', 'answer', 'context'),
  fc.constantFrom(...'ABCDE').map((option): Role => ({ option })),
)
const used = ({ id, prompt, answer, context, options }: Mapping) =>
  [id, prompt, answer, context, ...options.map((option) => option.column)].filter((column) => column !== null)

describe('changing which column is what', () => {
  test('a role gets the column chosen for it', () => {
    expect(withColumn(mapping, 'context', 5).context).toBe(5)
  })
  test('a column taken by another role is taken from the first', () => {
    expect(withColumn(mapping, { option: 'A' }, 4)).toEqual({
      ...mapping,
      answer: null,
      options: [
        { letter: 'A', column: 4 },
        { letter: 'B', column: 3 },
      ],
    })
  })
  test('an option without a column is no longer one', () => {
    expect(withColumn(mapping, { option: 'A' }, null).options).toEqual([{ letter: 'B', column: 3 }])
  })
  test('no column ever has two roles, and options stay in the order of their letters', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(role, fc.option(fc.nat(7)))), (changes) => {
        const changed = changes.reduce((before, [to, column]) => withColumn(before, to, column), mapping)
        const columns = used(changed)
        const letters = changed.options.map((option) => option.letter)
        expect([new Set(columns).size, letters]).toEqual([columns.length, [...new Set(letters)].sort()])
        for (const [to, column] of changes.slice(-1)) expect(columnOf(changed, to)).toBe(column)
      }),
    )
  })
  test('one more option takes the letter of its header where that is free', () => {
    expect(withOption(mapping, ['id', 'prompt', 'A', 'B', 'answer', 'e'], 5).options.at(-1)).toEqual({ letter: 'E', column: 5 })
  })
  test('one more option takes the first free letter otherwise', () => {
    expect(withOption(mapping, ['id', 'prompt', 'A', 'B', 'answer', 'b'], 5).options.at(-1)).toEqual({ letter: 'C', column: 5 })
  })
})
