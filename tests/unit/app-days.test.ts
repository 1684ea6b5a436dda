import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupByDay } from '../../src/app/state/days'

const at = (...[year, month, day, hour]: [number, number, number, number]) => ({
  createdAt: new Date(year, month - 1, day, hour).getTime(),
})
const now = new Date(2026, 10, 25, 9).getTime()

describe('groupByDay', () => {
  it('names today and yesterday by the local calendar', () => {
    const days = groupByDay([at(2026, 11, 25, 0), at(2026, 11, 24, 23), at(2026, 11, 23, 12)], now)
    expect(days.map((day) => day.kind)).toEqual(['today', 'yesterday', 'date'])
  })
  it('puts the newest first', () => {
    const [early, late] = [at(2026, 11, 25, 1), at(2026, 11, 25, 8)]
    expect(groupByDay([early, late], now)[0]?.items).toEqual([late, early])
  })
  it('keeps every item once, in days that hold its moment', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: now })), (times) => {
        const days = groupByDay(
          times.map((createdAt) => ({ createdAt })),
          now,
        )
        const flat = days.flatMap((day) => day.items.map((item) => item.createdAt))
        expect(flat).toEqual([...times].sort((a, b) => b - a))
        for (const day of days)
          for (const item of day.items) expect(new Date(item.createdAt).toDateString()).toBe(new Date(day.start).toDateString())
      }),
    )
  })
})
