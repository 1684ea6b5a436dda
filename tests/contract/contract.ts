// A contract is a list of cases; each runs against a fresh adapter and gives a plain value. So one suite runs in Node and, sent into a
// real page, over adapters that exist only there.
import { describe, expect, it } from 'vitest'
import type { Case } from './cases'

export function holdsContract<Port>(name: string, cases: readonly Case<Port>[], open: () => Promise<Port>): void {
  describe(name, () => {
    it.each(cases.map((c) => [c.title, c] as const))('%s', async (_, { run, expected }) => {
      expect(await run(await open())).toEqual(expected)
    })
  })
}
