// What is timed, in the page and in Node: a contender takes questions and gives logits. The peer is fed as users of transformers.js feed
// such a model: pairs of texts, batches of 8 questions in file order, padded to the longest of the batch.
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common'
import type { Scorer } from '../../src/core/ports'
import type { ModelInput } from '../../src/core/types'
import type { TimedQuestion } from './sets'

export interface Contender {
  run(questions: readonly TimedQuestion[]): Promise<number[][]>
  close(): Promise<void>
}

const toInput = ({ prefixIds, contextTokens, choiceIds }: TimedQuestion): ModelInput => ({
  layout: 'shared-prefix',
  prefixIds: Int32Array.from(prefixIds),
  contextTokens,
  choiceIds: choiceIds.map((ids) => Int32Array.from(ids)),
})

export function scorerContender(scorer: Scorer, isOneByOne: boolean): Contender {
  const signal = new AbortController().signal
  return {
    async run(questions) {
      const logits: number[][] = []
      const groups = isOneByOne ? questions.map((question) => [question]) : [questions]
      let from = 0
      for (const group of groups) {
        const first = from
        await scorer.score(signal, group.map(toInput), (index, values) => (logits[first + index] = Array.from(values)))
        from += group.length
      }
      return logits
    },
    close: () => scorer.close(),
  }
}

const BATCH = 8
interface Ort {
  Tensor: { new (type: 'int64', data: BigInt64Array, dims: number[]): TypedTensor<'int64'> }
}

export function peerContender(ort: Ort, session: InferenceSession): Contender {
  return {
    async run(questions) {
      const logits: number[][] = []
      for (let from = 0; from < questions.length; from += BATCH) {
        const batch = questions.slice(from, from + BATCH)
        const pairs = batch.map(({ prefixIds, choiceIds }) =>
          choiceIds.map((choice) => ({ ids: [...prefixIds, ...choice.slice(1)], first: prefixIds.length })),
        )
        const options = Math.max(...pairs.map((p) => p.length))
        const tokens = Math.max(...pairs.flat().map(({ ids }) => ids.length))
        const dims = [batch.length, options, tokens]
        const make = (): BigInt64Array => new BigInt64Array(batch.length * options * tokens)
        const [ids, mask, types] = [make(), make(), make()]
        pairs.forEach((choices, q) => {
          choices.forEach((pair, o) => {
            const at = (q * options + o) * tokens
            pair.ids.forEach((id, t) => {
              ids[at + t] = BigInt(id)
              mask[at + t] = 1n
              types[at + t] = t < pair.first ? 0n : 1n
            })
          })
        })
        const feeds: Record<string, Tensor> = {
          input_ids: new ort.Tensor('int64', ids, dims),
          attention_mask: new ort.Tensor('int64', mask, dims),
          token_type_ids: new ort.Tensor('int64', types, dims),
        }
        const output = (await session.run(feeds))['logits']!
        const values = output.data as Float32Array
        pairs.forEach((choices, q) => logits.push(Array.from(values.subarray(q * options, q * options + choices.length))))
      }
      return logits
    },
    close: () => session.release(),
  }
}

/** Milliseconds of one pass over the questions. */
export async function time(contender: Contender, questions: readonly TimedQuestion[]): Promise<number> {
  const startedAt = performance.now()
  const logits = await contender.run(questions)
  const ms = performance.now() - startedAt
  if (logits.length !== questions.length || logits.some((row) => row.some((logit) => !Number.isFinite(logit))))
    throw new Error('a contender gave no answer')
  return ms
}
