import fc from 'fast-check'
import { expect, it } from 'vitest'
import { groupByCompany, type CompanyTerm } from '../../src/core/retrieve/sharded-company'

const term = fc.record({
  bytes: fc.integer({ min: 1, max: 50 }),
  weight: fc.double({ min: 0, max: 10, noNaN: true }),
  passages: fc.uniqueArray(fc.nat(29)).map((passages) => Uint32Array.from(passages.sort((a, b) => a - b))),
})

it('gives every term a group, numbered without gaps, and fills no group over its size unless one term does', () => {
  fc.assert(
    fc.property(fc.array(term, { maxLength: 40 }), fc.integer({ min: 1, max: 200 }), (terms, size) => {
      const groups = Array.from(groupByCompany(terms, 30, size))
      const sums: number[] = []
      const counts: number[] = []
      for (const [i, group] of groups.entries()) {
        sums[group] = (sums[group] ?? 0) + terms[i]!.bytes
        counts[group] = (counts[group] ?? 0) + 1
      }
      expect(groups.length).toBe(terms.length)
      expect(Object.keys(sums).length).toBe(sums.length)
      for (const [group, sum] of sums.entries()) expect(sum <= size || counts[group] === 1).toBe(true)
    }),
  )
})

it('puts the terms of a topic together', () => {
  // 8 topics of 10 terms; a passage has one topic. 8 groups would hold one topic each.
  const terms: CompanyTerm[] = Array.from({ length: 80 }, (_, i) => ({
    bytes: 10,
    weight: 1,
    passages: Uint32Array.from({ length: 300 }, (_, p) => p).filter((p) => p % 8 === i % 8 && (p * 7 + i) % 3 > 0),
  }))
  const groups = groupByCompany(terms, 300, 100)
  const groupsOfTopic = Array.from({ length: 8 }, (_, topic) => new Set(Array.from(groups).filter((_, i) => i % 8 === topic)).size)
  expect(groupsOfTopic.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(12)
})
