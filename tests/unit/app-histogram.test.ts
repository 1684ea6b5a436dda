import { describe, expect, test } from 'vitest'
import { histogram } from '../../src/app/state/histogram'

const filled = (counts: Record<number, number>) => Array.from({ length: 20 }, (_, bin) => counts[bin] ?? 0)
const none = filled({})

describe('the shape of a confidence histogram', () => {
  test('the axis begins at the lowest share that a first choice of five can have', () => {
    const { from, bars, labels } = histogram({ right: filled({ 10: 3 }), wrong: none, unkeyed: none }, 5)
    expect([from, bars.length, labels]).toEqual([0.2, 16, [0.2, 0.4, 0.6, 0.8, 1]])
  })
  test('a row with more options than the others widens the axis', () => {
    expect(histogram({ right: none, wrong: filled({ 2: 1 }), unkeyed: none }, 5).from).toBe(0.1)
  })
  test('two options begin at a half', () => {
    expect(histogram({ right: none, wrong: none, unkeyed: none }, 2).labels).toEqual([0.5, 0.6, 0.7, 0.8, 0.9, 1])
  })
  test('the height holds the tallest bar and the tick is a round number below it', () => {
    const { top, tick } = histogram({ right: filled({ 12: 50 }), wrong: filled({ 12: 40 }), unkeyed: filled({ 12: 7 }) }, 5)
    expect([top, tick]).toEqual([97, 50])
  })
  test('the label of the grid line goes to the end with the lower bars', () => {
    const ends = [filled({ 5: 9 }), filled({ 19: 9 })].map((right) => histogram({ right, wrong: none, unkeyed: none }, 5).quietEnd)
    expect(ends).toEqual(['end', 'start'])
  })
})
