// What is timed in layout pairs, in the page and in Node: Pagewise, which gets all questions and batches them by length, and the exporter's graph,
// fed as people do: one question at a time, its pairs padded to the longest of them.
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common'
import type { Scorer } from '../../../src/core/ports'
import type { Arithmetic, PairsInput, Precision } from '../../../src/core/types'

/** Token ids of one question; plain arrays, so that they cross into the page. */
export type TimedPairs = { ids: number[]; types: number[] | null }[]

export type Spec =
  { kind: 'graph' | 'engine'; precision: Precision; arithmetic: Arithmetic } | { kind: 'exported'; precision: 'fp32' | 'int8' }

export interface Contender {
  /** Logits of each question. */
  run(questions: readonly TimedPairs[]): Promise<number[][]>
}

export interface Timing {
  /** Seconds from the files on the disk, or in the page's memory, to a model that is ready. */
  open: number
  /** Seconds of each pass over the questions. */
  passes: number[]
  logits: number[][]
  peakBytes: number
}

export const THREADS = 2
const MOST_PASSES = 3

/** Warms up on one question, then passes until there are three or `seconds` are over. */
export async function timePasses(
  contender: Contender,
  questions: readonly TimedPairs[],
  seconds: number,
): Promise<Pick<Timing, 'passes' | 'logits'>> {
  await contender.run(questions.slice(0, 1))
  const passes: number[] = []
  let logits: number[][] = []
  for (let spent = 0; passes.length === 0 || (passes.length < MOST_PASSES && spent + passes[0]! < seconds); spent += passes.at(-1)!) {
    const startedAt = performance.now()
    logits = await contender.run(questions)
    passes.push((performance.now() - startedAt) / 1000)
  }
  return { passes, logits }
}

export function scorerContender(scorer: Scorer): Contender {
  const signal = new AbortController().signal
  return {
    async run(questions) {
      const logits: number[][] = []
      const inputs = questions.map((pairs): PairsInput => ({
        layout: 'pairs',
        pairs: pairs.map(({ ids, types }) => ({ ids: Int32Array.from(ids), types: types && Int32Array.from(types) })),
      }))
      await scorer.score(signal, inputs, (index, values) => (logits[index] = Array.from(values)))
      return logits
    },
  }
}

interface Ort {
  Tensor: { new (type: 'int64', data: BigInt64Array, dims: number[]): TypedTensor<'int64'> }
}

export function exportedContender(ort: Ort, session: InferenceSession): Contender {
  return {
    async run(questions) {
      const logits: number[][] = []
      for (const pairs of questions) {
        const tokens = Math.max(...pairs.map(({ ids }) => ids.length))
        const tensor = (value: (pair: TimedPairs[number], t: number) => number): Tensor => {
          const data = BigInt64Array.from({ length: pairs.length * tokens }, (_, i) => {
            const pair = pairs[Math.floor(i / tokens)]!
            return BigInt(i % tokens < pair.ids.length ? value(pair, i % tokens) : 0)
          })
          return new ort.Tensor('int64', data, [1, pairs.length, tokens])
        }
        const feeds: Record<string, Tensor> = { input_ids: tensor(({ ids }, t) => ids[t]!), attention_mask: tensor(() => 1) }
        if (session.inputNames.includes('token_type_ids')) feeds['token_type_ids'] = tensor(({ types }, t) => types?.[t] ?? 0)
        logits.push(Array.from((await session.run(feeds))['logits']!.data as Float32Array))
      }
      return logits
    },
  }
}
