// Lets an instance answer questions: writes them into its area, calls it, reads the logits. Layout of an area: logits, token ids,
// question records (src/engine/record.ts), scratch.
import type { SharedPrefixInput } from '../../core/types'
import type { Instance } from './wasm'

const WORD = 4

/** Bytes of an area for passes of `rows` tokens, before the scratch: one word each for logits and ids, four for records. */
export const inputBytes = (rows: number): number => align(rows * 6 * WORD)
/** Bytes of a whole area. */
export const areaBytes = (rows: number, scratchBytes: number): number => align(inputBytes(rows) + scratchBytes)

export const tokensOf = ({ prefixIds, choiceIds }: SharedPrefixInput): number =>
  choiceIds.reduce((sum, ids) => sum + ids.length, prefixIds.length)

/** Logits of each question, in order. Together they have at most sizes.rows tokens. */
export function answerQuestions(
  { exports, memory, sizes }: Instance,
  area: number,
  questions: readonly SharedPrefixInput[],
): Float32Array[] {
  const idsAt = area + sizes.rows * WORD
  const recordsAt = idsAt + sizes.rows * WORD
  const ids = new Int32Array(memory.buffer, idsAt, sizes.rows)
  const records = new Int32Array(memory.buffer, recordsAt, sizes.rows * 4)
  let id = 0
  let word = 0
  for (const question of questions) {
    const { prefixIds, contextTokens, choiceIds } = question
    if (id + tokensOf(question) > sizes.rows) throw new Error(`internal: more than ${String(sizes.rows)} tokens in a pass`)
    if (prefixIds.length < 2 || choiceIds.some((choice) => choice.length < 2)) throw new Error('internal: a text has at least two tokens')
    records.set([prefixIds.length, contextTokens, choiceIds.length, ...choiceIds.map((choice) => choice.length)], word)
    word += 3 + choiceIds.length
    for (const part of [prefixIds, ...choiceIds]) {
      ids.set(part, id)
      id += part.length
    }
  }
  exports.setScratch(area + inputBytes(sizes.rows))
  exports.answer(recordsAt, questions.length, idsAt, area)
  const logits = new Float32Array(memory.buffer, area, sizes.rows)
  let from = 0
  return questions.map(({ choiceIds }) => logits.slice(from, (from += choiceIds.length)))
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64
