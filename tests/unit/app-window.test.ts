import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { movedCursor, scrollToShow, visibleRange } from '../../src/app/state/window'

const viewport = fc.record({ scrollTop: fc.nat(100_000), height: fc.integer({ min: 100, max: 2_000 }), rowHeight: fc.constantFrom(48, 98) })

describe('the rows of a long table that are on screen', () => {
  test('every row that overlaps the viewport is in the range', () => {
    fc.assert(
      fc.property(viewport, fc.nat(3_000), (view, count) => {
        const [from, to] = visibleRange(view, count)
        for (let row = 0; row < count; row++) {
          const isSeen = (row + 1) * view.rowHeight > view.scrollTop && row * view.rowHeight < view.scrollTop + view.height
          if (isSeen) expect(row >= from && row < to).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  })
  test('the range never holds more than the screen and its overscan', () => {
    fc.assert(
      fc.property(viewport, fc.nat(1_000_000), (view, count) => {
        const [from, to] = visibleRange(view, count, 4)
        expect(to - from).toBeLessThanOrEqual(Math.ceil(view.height / view.rowHeight) + 1 + 8)
      }),
    )
  })
  test('the smallest scroll is made that shows the whole row', () => {
    const view = { scrollTop: 100, height: 100, rowHeight: 10 }
    expect([5, 12, 19, 20, 30].map((row) => scrollToShow(view, row))).toEqual([50, 100, 100, 110, 210])
  })
  test('keys move the cursor and stop at the ends', () => {
    const view = { scrollTop: 0, height: 100, rowHeight: 10 }
    const moves = ['ArrowDown', 'k', 'PageDown', 'PageUp', 'Home', 'End', 'Enter'].map((key) => movedCursor(key, 3, 11, view))
    expect(moves).toEqual([4, 2, 10, 0, 0, 10, null])
  })
  test('an empty table has no cursor to move', () => {
    expect(movedCursor('End', 0, 0, { scrollTop: 0, height: 100, rowHeight: 10 })).toBeNull()
  })
})
