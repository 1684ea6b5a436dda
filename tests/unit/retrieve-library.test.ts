import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/errors'
import {
  BM25_SETTINGS,
  IndexBuilder,
  Library,
  PassageFile,
  PassageFileBuilder,
  type LibraryManifest,
  type Passage,
} from '../../src/core/retrieve'

const deflate = promisify<Uint8Array, Buffer>(deflateRaw)
const inflate = promisify<Uint8Array, Buffer>(inflateRaw)
const names = { library: 'test', file: 'passages.bin' }
const manifest: LibraryManifest = {
  format: 'pagewise-library/1',
  id: 'test',
  title: 'Test',
  licence: 'CC0',
  source: 'tests',
  passages: 3,
  textBytes: 0,
  bm25: BM25_SETTINGS,
  files: [],
}
const passageOf = (text: string, i: number): Passage => ({ id: `p${i}`, title: 'Biology', source: 'a book', text })

async function pack(passages: readonly Passage[]): Promise<{ index: Uint8Array; passages: Uint8Array }> {
  const index = new IndexBuilder()
  const file = new PassageFileBuilder(deflate)
  for (const passage of passages) {
    index.add(passage.text)
    await file.add(passage)
  }
  return { index: index.finish(), passages: await file.finish() }
}

describe('passage file', () => {
  it('gives back every passage', async () => {
    const field = fc.string({ unit: 'grapheme', maxLength: 2000 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ id: field, title: field, source: field, text: field }), { maxLength: 60 }),
        async (passages) => {
          const { passages: bytes } = await pack(passages)
          const file = new PassageFile(bytes, inflate, names)
          expect(await Promise.all(passages.map((_, i) => file.read(i)))).toEqual(passages)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('is refused as damaged when bytes of it are changed', async () => {
    const { passages: sound } = await pack(Array.from({ length: 200 }, (_, i) => passageOf(`text ${i} `.repeat(50), i)))
    await fc.assert(
      fc.asyncProperty(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(199), async (at, change, number) => {
        const bytes = Uint8Array.from(sound)
        bytes[at]! ^= change
        try {
          await new PassageFile(bytes, inflate, names).read(number)
        } catch (error) {
          expect(error instanceof AppError && error.code).toBe('library_damaged')
        }
      }),
    )
  })
})

describe('library', () => {
  const texts = ['The mitochondrion makes energy.', 'Chloroplasts store the energy of light.', 'Rocks melt.']

  it('finds passages by the words of prompt and options, best first', async () => {
    const library = new Library(manifest, await pack(texts.map(passageOf)), inflate)
    const question = { prompt: 'Where is energy made?', options: ['mitochondrion', 'nucleus'] }
    const hits = await library.retrieve(new AbortController().signal, question, 5)
    expect(hits.map(({ score: _, ...hit }) => hit)).toEqual([
      { ...passageOf(texts[0]!, 0), used: true },
      { ...passageOf(texts[1]!, 1), used: true },
    ])
    expect(hits[0]!.score).toBeGreaterThan(hits[1]!.score)
  })

  it('finds nothing for words that it does not hold', async () => {
    const library = new Library(manifest, await pack(texts.map(passageOf)), inflate)
    expect(await library.retrieve(new AbortController().signal, { prompt: 'volcano?', options: [] }, 5)).toEqual([])
  })

  it('is refused when index and passages are not of one library', async () => {
    const { index } = await pack(texts.map(passageOf))
    const { passages } = await pack([])
    expect(() => new Library(manifest, { index, passages }, inflate)).toThrow('it numbers 3 passages, passages.bin holds 0')
  })

  it('stops when aborted', async () => {
    const library = new Library(manifest, await pack(texts.map(passageOf)), inflate)
    await expect(library.retrieve(AbortSignal.abort(), { prompt: 'rocks', options: [] }, 5)).rejects.toThrow('Stopped.')
  })
})
