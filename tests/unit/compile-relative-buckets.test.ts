import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { relativeBucket, relativeFeeds, relativeRow } from '../../src/core/compile/relative-buckets'
import golden from '../fixtures/relative-buckets.json'

describe('relativeBucket', () => {
  it.each(golden.tables)('is Hugging Face’s for $buckets buckets and $maxRelativePositions positions', (table) => {
    const rows = table.rows.map((_, i) => relativeBucket(table.firstOffset + i, table.buckets, table.maxRelativePositions))
    expect(rows).toEqual(table.rows)
  })
})

describe('relativeRow', () => {
  it('gives every distance its own row where there are no buckets, and the last one to those beyond', () => {
    const rows = [-5, -4, -3, -1, 0, 1, 3, 4, 9].map((offset) => relativeRow(offset, { span: 4, furthest: null }))
    expect(rows).toEqual([0, 0, 1, 3, 4, 5, 7, 7, 7])
  })
})

describe('relativeFeeds', () => {
  const positionsOf = fc.array(fc.nat(200), { minLength: 1, maxLength: 30 }).map((list) => Int32Array.from(list))
  const settings = fc.record({
    span: fc.integer({ min: 4, max: 64 }).map((n) => 2 * n),
    furthest: fc.constantFrom(256, null),
  })

  it('leads every pair of tokens to the row of its distance', () => {
    fc.assert(
      fc.property(positionsOf, settings, (positions, relative) => {
        const feeds = relativeFeeds(positions, relative)
        const from = Number(feeds['bucket_from']!.data[0])
        const expected = [...positions].flatMap((query) => [...positions].map((key) => relativeRow(query - key, relative)))
        expect(Array.from(feeds['buckets']!.data as Int32Array, (row) => row + from)).toEqual(expected)
      }),
    )
  })
  it('cuts out rows of the table by fours, as many as occur', () => {
    fc.assert(
      fc.property(positionsOf, settings, (positions, relative) => {
        const { bucket_from: from, bucket_to: to, buckets: index } = relativeFeeds(positions, relative)
        const [first, end] = [Number(from!.data[0]), Number(to!.data[0])]
        const used = Math.max(...(index!.data as Int32Array)) + 1
        expect({ isInside: first >= 0 && end <= 2 * relative.span, isByFours: (end - first) % 4, isTight: end - first - used < 8 }).toEqual({ isInside: true, isByFours: 0, isTight: true }) // prettier-ignore
      }),
    )
  })
})
