// What every Embedder does, shown on the tiny embedder (models/recipe/make_tiny_embedder.py) and its golden vectors.
import type { Embedder } from '../../src/core/ports'
import type { Case } from './cases'

export interface GoldenVectors {
  items: { text: string; mean: number[]; cls: number[] }[]
}
export type OpenTiny = (pooling: 'mean' | 'cls') => Promise<Embedder>

const TOLERANCE = 1e-5
const signal = new AbortController().signal

/** `isAlone`: the vector of the first text is the same without the others. */
async function compare(open: OpenTiny, pooling: 'mean' | 'cls', { items }: GoldenVectors) {
  const embedder = await open(pooling)
  const { dimensions } = embedder
  const texts = items.map((item) => item.text)
  const rows = await embedder.embed(signal, texts)
  const alone = await embedder.embed(signal, texts.slice(0, 1))
  await embedder.close()
  const isNear = items.map((item, row) => item[pooling].every((value, i) => Math.abs(value - rows[row * dimensions + i]!) < TOLERANCE))
  return { dimensions, count: rows.length, isNear: isNear.every(Boolean), isAlone: alone.every((value, i) => value === rows[i]) }
}

export function embedderCases(golden: GoldenVectors): Case<OpenTiny>[] {
  const dimensions = golden.items[0]!.mean.length
  const expected = { dimensions, count: golden.items.length * dimensions, isNear: true, isAlone: true }
  return [
    { title: 'pools by mean as the reference does, whatever the neighbours', run: (open) => compare(open, 'mean', golden), expected },
    { title: 'pools by the first token as the reference does', run: (open) => compare(open, 'cls', golden), expected },
    {
      title: 'gives nothing for no text, and stops when asked',
      async run(open) {
        const embedder = await open('mean')
        const none = (await embedder.embed(signal, [])).length
        const stopped = await embedder.embed(AbortSignal.abort(), ['a']).catch((error: unknown) => (error as { code?: string }).code)
        await embedder.close()
        return { none, stopped }
      },
      expected: { none: 0, stopped: 'aborted' },
    },
  ]
}
