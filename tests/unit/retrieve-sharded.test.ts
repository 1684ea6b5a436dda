import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/errors'
import {
  Bm25,
  BM25_SETTINGS,
  IndexBuilder,
  openIndex,
  queryTermsOf,
  ShardedLibrary,
  termsOf,
  type ShardSettings,
} from '../../src/core/retrieve'
import { ByteReader, ByteWriter } from '../../src/core/retrieve/sharded-bytes'
import { addImpacts, LEVELS, writeImpacts } from '../../src/core/retrieve/sharded-impacts'
import { findTerms, writeShard } from '../../src/core/retrieve/sharded-shard'
import { inflate, indexSharded, type IndexedFolder } from './retrieve-sharded'
import type { ShardBudget, ShardedManifest } from '../../src/core/retrieve'

const signal = new AbortController().signal
const UNCAPPED: ShardSettings = { longestList: Infinity, ownShardBytes: 40, sharedShardBytes: 100, listedTerms: 8 }
const EVERYTHING: ShardBudget = { requests: Infinity, bytes: Infinity }

function openFolder(
  { manifest, files }: IndexedFolder<ShardedManifest>,
  budget: ShardBudget,
  read: string[] = [],
): Promise<ShardedLibrary> {
  const fetchShard = (_: AbortSignal, { name }: { name: string }): Promise<Uint8Array> => {
    read.push(name)
    return Promise.resolve(files.get(name)!)
  }
  return ShardedLibrary.open(signal, manifest, { fetchShard, inflate }, budget)
}

/** Each passage's exact score, by number. */
function exactScores(texts: readonly string[], terms: readonly string[]): Map<number, number> {
  const builder = new IndexBuilder()
  for (const text of texts) builder.add(text)
  const hits = new Bm25(openIndex(builder.finish(), { library: 'test', file: 'index.bin' }), BM25_SETTINGS).search(terms, texts.length)
  return new Map(hits.map(({ passage, score }) => [passage, score]))
}

const word = fc.constantFrom(...'cell energy quark naïve 水素 atom wave heat light rock acid gene star ion dna force mass iron'.split(' '))
const text = fc.array(word, { minLength: 1, maxLength: 25 }).map((words) => words.join(' '))
const texts = fc.array(text, { minLength: 1, maxLength: 60 })

describe('sharded library', () => {
  it('without caps finds what exact BM25 finds, as far as 255 levels tell', async () => {
    await fc.assert(
      fc.asyncProperty(texts, text, fc.integer({ min: 1, max: 12 }), async (passages, query, count) => {
        const terms = termsOf(query)
        const library = await openFolder(await indexSharded(passages, UNCAPPED), EVERYTHING)
        const { hits, ceiling, plan } = await library.rank(signal, terms, count)
        const exact = exactScores(passages, terms)
        const error = ceiling / (2 * LEVELS) + 1e-9
        expect(plan.leftOut).toEqual([])
        expect(hits.length).toBe(Math.min(count, exact.size))
        for (const { passage, score } of hits) expect(Math.abs(score - exact.get(passage)!)).toBeLessThanOrEqual(error)
        const found = new Set(hits.map(({ passage }) => passage))
        const last = hits.at(-1)?.score ?? 0
        for (const [passage, score] of exact) if (!found.has(passage)) expect(score).toBeLessThanOrEqual(last + 2 * error)
      }),
      { numRuns: 60 },
    )
  })

  it('gives each hit its own passage', async () => {
    const passages = Array.from({ length: 600 }, (_, i) => `word${i} energy of cell ${i % 7}`)
    const library = await openFolder(await indexSharded(passages, UNCAPPED), EVERYTHING)
    for (const i of [0, 255, 256, 511, 512, 599]) {
      const [hit] = await library.search(signal, `word${i}`, 1)
      expect({ title: hit?.title, text: hit?.text, source: hit?.source }).toEqual({
        title: `Title ${i}`,
        text: passages[i],
        source: 'Test, CC0',
      })
    }
  })

  it('keeps the best postings of a list that is too long', async () => {
    const passages = Array.from({ length: 50 }, (_, i) => `cell ${'other '.repeat(i)}`)
    const library = await openFolder(await indexSharded(passages, { ...UNCAPPED, longestList: 3 }), EVERYTHING)
    expect((await library.rank(signal, ['cell'], 50)).hits.map(({ passage }) => passage)).toEqual([0, 1, 2])
  })

  it('leaves out the terms that tell least when requests run out, and asks for no more', async () => {
    const passages = Array.from({ length: 300 }, (_, i) => `common rare${i} seldom${i % 20} often${i % 3}`)
    const read: string[] = []
    const library = await openFolder(await indexSharded(passages, UNCAPPED), { requests: 10, bytes: 1e6 }, read)
    const question = { prompt: 'common often1 often2 seldom3 seldom9 rare43', options: ['rare7 seldom7', 'rare9', 'rare11 often0'] }
    const hits = await library.retrieve(signal, question, 2)
    expect(hits[0]?.text).toContain('rare43')
    expect(new Set(read).size + 1).toBeLessThanOrEqual(10)
    expect((await library.rank(signal, queryTermsOf(question), 2)).plan.leftOut).toContain('common')
  })

  it('stays under the bytes of the budget', async () => {
    const passages = Array.from({ length: 2000 }, (_, i) => `w${i % 5} w${i % 77} w${i % 501} w${(i * i) % 1999} ${i}`)
    const folder = await indexSharded(passages, { longestList: 500, ownShardBytes: 400, sharedShardBytes: 1000, listedTerms: 200 })
    const size = (names: string[]): number => [...new Set(names)].reduce((sum, name) => sum + folder.files.get(name)!.length, 0)
    const budget = { requests: 25, bytes: 8_000 + folder.manifest.directory.bytes + folder.manifest.largestBlockBytes * 2 + 8_000 }
    const read: string[] = []
    const library = await openFolder(folder, budget, read)
    await library.retrieve(signal, { prompt: 'w0 w1 w2 w3 w33 w44 w55 w300 w400 w500 w900', options: ['w6 w7', 'w8 w9'] }, 2)
    expect(size(read)).toBeLessThanOrEqual(budget.bytes)
    expect(read.filter((name) => name.startsWith('postings/')).length).toBeGreaterThan(3)
  })

  it('asks for nothing when all terms are listed and a word is not among them', async () => {
    const read: string[] = []
    const library = await openFolder(await indexSharded(['a cell', 'a rock'], { ...UNCAPPED, listedTerms: 100 }), EVERYTHING, read)
    expect(await library.search(signal, 'volcano', 5)).toEqual([])
    expect(read).toEqual(['directory.bin'])
  })

  it('marks a hit that matches too little as unused', async () => {
    const library = await openFolder(await indexSharded(['the cell divides', 'rocks melt', 'stars shine'], UNCAPPED), EVERYTHING)
    const filler = Array.from({ length: 40 }, (_, i) => `absent${i}`).join(' ')
    const used = async (prompt: string): Promise<boolean[]> =>
      (await library.retrieve(signal, { prompt, options: [] }, 5)).map((hit) => hit.used)
    expect([await used('cell'), await used(`cell ${filler}`)]).toEqual([[true], [false]])
  })

  it('stops when aborted', async () => {
    const library = await openFolder(await indexSharded(['a cell'], UNCAPPED), EVERYTHING)
    await expect(library.search(AbortSignal.abort(), 'cell', 5)).rejects.toThrow('Stopped.')
  })

  it('answers or says that it is damaged, whatever the bytes of a shard are', async () => {
    const folder = await indexSharded(Array.from({ length: 40 }, (_, i) => `cell${i % 9} energy ${i}`), UNCAPPED) // prettier-ignore
    const names = [...folder.files.keys()].filter((name) => name !== 'pack.json')
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 255 }), async (name, at, change) => {
        const bytes = Uint8Array.from(folder.files.get(name)!)
        bytes[at % bytes.length]! ^= change
        try {
          const library = await openFolder({ ...folder, files: new Map(folder.files).set(name, bytes) }, EVERYTHING)
          await library.retrieve(signal, { prompt: 'cell1 energy 7', options: ['cell2', '39'] }, 10)
        } catch (error) {
          expect(error instanceof AppError && error.code).toBe('library_damaged')
        }
      }),
      { numRuns: 400 },
    )
  })
})

describe('impact lists', () => {
  it('give back every posting that was written, and only the best where they are cut', () => {
    const posting = fc.record({ gap: fc.integer({ min: 1, max: 400 }), level: fc.integer({ min: 1, max: LEVELS }) })
    fc.assert(
      fc.property(fc.array(posting, { minLength: 1 }), fc.nat(120), (postings, longest) => {
        let passage = -1
        const naive = postings.map(({ gap, level }) => ({ passage: (passage += gap), level }))
        const out = new ByteWriter()
        const passages = Uint32Array.from(naive, (one) => one.passage)
        const kept = writeImpacts(
          out,
          passages,
          Uint8Array.from(naive, (one) => one.level),
          naive.length,
          longest,
        )
        const bytes = out.take()
        const sums = new Float64Array(passage + 1)
        addImpacts(bytes, 0, bytes.length, LEVELS, sums)
        const best = [...naive].sort((a, b) => b.level - a.level || a.passage - b.passage).slice(0, longest)
        const expected = new Float64Array(passage + 1)
        for (const one of best) expected[one.passage] = one.level
        expect({ kept, sums }).toEqual({ kept: best.length, sums: expected })
      }),
    )
  })
})

describe('posting shards', () => {
  it('find the terms that they hold and no other', () => {
    const term = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(fc.uniqueArray(term), fc.array(term), (held, others) => {
        const shard = writeShard(held.map((one, i) => ({ term: one, documentFrequency: i + 1, list: Uint8Array.of(i % 256, 7) })))
        const found = findTerms(shard, new Set([...held, ...others]))
        const lists = held.map((one) => ({ df: found.get(one)?.documentFrequency, first: shard[found.get(one)?.start ?? -1] }))
        expect(lists).toEqual(held.map((_, i) => ({ df: i + 1, first: i % 256 })))
        expect(found.size).toBe(held.length)
      }),
    )
  })
})

describe('bytes', () => {
  it('read back numbers and texts', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(2 ** 31 - 1), fc.string({ unit: 'grapheme' }))), (values) => {
        const out = new ByteWriter()
        for (const value of values) {
          if (typeof value === 'number') out.varint(value)
          else out.text(value)
        }
        const reader = new ByteReader(out.take())
        expect(values.map((value) => (typeof value === 'number' ? reader.varint() : reader.text()))).toEqual(values)
        expect(reader.isDone).toBe(true)
      }),
    )
  })
})
