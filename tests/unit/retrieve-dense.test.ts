// Vectors, their search and the fusion against slow versions that can be checked by eye.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/errors'
import {
  fuseRankings,
  packBlock,
  quantizeVectors,
  rowsPerBlock,
  searchVectors,
  TopHits,
  unpackBlock,
  VECTOR_BLOCK_BYTES,
  type VectorBlocks,
} from '../../src/core/retrieve'

const signal = new AbortController().signal
const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -4, max: 4 })

/** Rows of length 1 (or of zeros) as one array. */
function unitRows(rows: readonly number[][]): Float32Array {
  return Float32Array.from(rows.flatMap((row) => row.map((x) => x / (Math.hypot(...row) || 1))))
}
function inBlocks(vectors: Float32Array, dimensions: number, perBlock: number): VectorBlocks {
  const blocks: Uint8Array[] = []
  for (let at = 0; at < vectors.length; at += perBlock * dimensions)
    blocks.push(packBlock(quantizeVectors(vectors.slice(at, at + perBlock * dimensions), dimensions)))
  return {
    dimensions,
    rowsPerBlock: perBlock,
    blocks: blocks.length,
    read: (_, block) => Promise.resolve(blocks[block]!),
    damaged: (block) => new AppError('library_damaged', { name: 'test', file: `${block}`, reason: 'test' }),
  }
}
/** Every dot product of the quantized numbers, sorted. */
function naiveSearch(vectors: Float32Array, dimensions: number, query: Float32Array, count: number) {
  const all = quantizeVectors(vectors, dimensions)
  const asked = quantizeVectors(query, dimensions)
  return Array.from(all.scales, (scale, passage) => {
    let sum = 0
    for (let i = 0; i < dimensions; i++) sum += asked.values[i]! * all.values[passage * dimensions + i]!
    return { passage, score: sum * asked.scales[0]! * scale }
  })
    .sort((a, b) => b.score - a.score || a.passage - b.passage)
    .slice(0, count)
}
const aSearch = fc.integer({ min: 1, max: 8 }).chain((dimensions) =>
  fc.record({
    rows: fc.array(fc.array(finite, { minLength: dimensions, maxLength: dimensions }), { maxLength: 60 }),
    query: fc.array(finite, { minLength: dimensions, maxLength: dimensions }),
    perBlock: fc.integer({ min: 1, max: 9 }),
    count: fc.integer({ min: 0, max: 12 }),
  }),
)

describe('vectors in one byte a number', () => {
  it('are off by at most half a step', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 40 }), (row) => {
        const { scales, values } = quantizeVectors(Float32Array.from(row), row.length)
        row.forEach((x, i) => {
          expect(Math.abs(Math.fround(x) - values[i]! * scales[0]!)).toBeLessThanOrEqual(scales[0]! * 0.501 + 1e-40)
        })
      }),
    )
  })
  it('come back from a block as they went in', () => {
    const block = quantizeVectors(unitRows([[1, 2, 3], [0, 0, 0], [-1, 0, 5]]), 3) // prettier-ignore
    const bytes = packBlock(block)
    const shifted = new Uint8Array(bytes.length + 1)
    shifted.set(bytes, 1)
    expect(unpackBlock(shifted.subarray(1), 3)).toEqual(block)
  })
  it('are refused where a block is cut or its scales are no numbers', () => {
    const bytes = packBlock(quantizeVectors(Float32Array.of(1, 0, 0), 3))
    expect([unpackBlock(bytes.slice(1), 3), unpackBlock(bytes.fill(255), 3)]).toEqual([null, null])
  })
  it.each([32, 384, 768, 1024, 4096])('of %i dimensions fill a block of at most 4 MiB in whole batches', (dimensions) => {
    const bytes = rowsPerBlock(dimensions) * (dimensions + 4)
    expect([bytes <= VECTOR_BLOCK_BYTES, bytes > VECTOR_BLOCK_BYTES * 0.9, rowsPerBlock(dimensions) % 16]).toEqual([true, true, 0])
  })
})

describe('the search of vectors', () => {
  it('finds exactly what comparing and sorting everything finds, however the vectors are cut into blocks', async () => {
    await fc.assert(
      fc.asyncProperty(aSearch, async ({ rows, query, perBlock, count }) => {
        const vectors = unitRows(rows)
        const asked = unitRows([query])
        const { hits } = await searchVectors(signal, inBlocks(vectors, query.length, perBlock), asked, count)
        expect(hits).toEqual(naiveSearch(vectors, query.length, asked, count))
      }),
    )
  })
  it('tells the mean and the spread of all cosines', async () => {
    const vectors = unitRows([[1, 0], [0, 1], [-1, 0], [0, 1]]) // prettier-ignore
    const { mean, deviation } = await searchVectors(signal, inBlocks(vectors, 2, 3), Float32Array.of(1, 0), 1)
    expect([mean, deviation]).toEqual([0, expect.closeTo(Math.SQRT1_2, 5)])
  })
  it('rejects with the block that is damaged', async () => {
    const vectors = inBlocks(unitRows([[1, 0], [0, 1]]), 2, 1) // prettier-ignore
    const broken = {
      ...vectors,
      read: (at: AbortSignal, block: number) => (block === 1 ? Promise.resolve(new Uint8Array(5)) : vectors.read(at, block)),
    }
    await expect(searchVectors(signal, broken, Float32Array.of(1, 0), 1)).rejects.toMatchObject({
      code: 'library_damaged',
      detail: { file: '1' },
    })
  })
  it('keeps the best whatever the order in which they are offered', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 })),
        fc.integer({ min: 0, max: 6 }),
        fc.infiniteStream(fc.nat()),
        (scores, count, random) => {
          const all = scores.map((score, passage) => ({ passage, score }))
          const best = new TopHits(count)
          for (const { hit } of all.map((hit) => ({ hit, key: random.next().value as number })).sort((a, b) => a.key - b.key))
            best.offer(hit.passage, hit.score)
          expect(best.hits).toEqual(all.sort((a, b) => b.score - a.score || a.passage - b.passage).slice(0, count))
        },
      ),
    )
  })
})

describe('reciprocal rank fusion', () => {
  it('sums 1 / (60 + rank) over the rankings', () => {
    expect(fuseRankings([[7, 8], [8, 9]])).toEqual([
      { passage: 8, score: 1 / 62 + 1 / 61 },
      { passage: 7, score: 1 / 61 },
      { passage: 9, score: 1 / 62 },
    ]) // prettier-ignore
  })
  it('agrees with looking every passage up in every ranking', () => {
    const ranking = fc.uniqueArray(fc.nat(15))
    fc.assert(
      fc.property(fc.array(ranking, { maxLength: 3 }), (rankings) => {
        const named = [...new Set(rankings.flat())]
        const scoreOf = (passage: number) =>
          rankings.filter((r) => r.includes(passage)).reduce((sum, r) => sum + 1 / (61 + r.indexOf(passage)), 0)
        const naive = named.map((passage) => ({ passage, score: scoreOf(passage) })).sort((a, b) => b.score - a.score)
        expect(fuseRankings(rankings)).toEqual(naive)
      }),
    )
  })
  it('gives one ranking back in its own order', () => {
    expect(fuseRankings([[3, 1, 2], []]).map(({ passage }) => passage)).toEqual([3, 1, 2])
  })
})
