// Lets an instance answer questions: writes them into its area, calls it, reads the logits. Layout of an area: logits, token ids, token types,
// question records (src/engine/record.ts), scratch.
import type { ModelInput } from '../../core/types'
import type { Instance } from './wasm'

/** A question as the engine reads it. A pair of layout pairs is a choice behind an empty prefix. */
export interface EngineInput {
  prefixIds: Int32Array
  contextTokens: number
  choiceIds: Int32Array[]
  /** Token types of each choice; left out or null where all are 0. */
  choiceTypes?: (Int32Array | null)[]
}
export function toEngineInput(input: ModelInput): EngineInput {
  if (input.layout === 'shared-prefix') return input
  const { pairs } = input
  return { prefixIds: NO_TOKENS, contextTokens: 0, choiceIds: pairs.map(({ ids }) => ids), choiceTypes: pairs.map(({ types }) => types) }
}
const NO_TOKENS = new Int32Array(0)

const WORD = 4

/** Bytes of an area for passes of `rows` tokens, before the scratch: one word each for logits, ids and types, four for records. */
export const inputBytes = (rows: number): number => align(rows * 7 * WORD)
/** Bytes of a whole area. */
export const areaBytes = (rows: number, scratchBytes: number): number => align(inputBytes(rows) + scratchBytes)

export const tokensOf = ({ prefixIds, choiceIds }: EngineInput): number =>
  choiceIds.reduce((sum, ids) => sum + ids.length, prefixIds.length)

/** Logits of each question, in order. Together they have at most sizes.rows tokens. */
export function answerQuestions({ exports, memory, sizes }: Instance, area: number, questions: readonly EngineInput[]): Float32Array[] {
  const { rows } = sizes
  const idsAt = area + rows * WORD
  const typesAt = idsAt + rows * WORD
  const recordsAt = typesAt + rows * WORD
  const ids = new Int32Array(memory.buffer, idsAt, rows)
  const types = new Int32Array(memory.buffer, typesAt, rows).fill(0)
  const records = new Int32Array(memory.buffer, recordsAt, rows * 4)
  let id = 0
  let word = 0
  for (const question of questions) {
    const { prefixIds, contextTokens, choiceIds, choiceTypes } = question
    if (id + tokensOf(question) > rows) throw new Error(`internal: more than ${String(rows)} tokens in a pass`)
    const isShort = (text: Int32Array): boolean => text.length < 2
    if ((prefixIds.length > 0 && isShort(prefixIds)) || choiceIds.some(isShort)) throw new Error('internal: a text has at least two tokens')
    records.set([prefixIds.length, contextTokens, choiceIds.length, ...choiceIds.map((choice) => choice.length)], word)
    word += 3 + choiceIds.length
    ids.set(prefixIds, id)
    id += prefixIds.length
    for (const [choice, tokens] of choiceIds.entries()) {
      ids.set(tokens, id)
      const kinds = choiceTypes?.[choice]
      if (kinds)
        types.set(
          kinds.map((kind) => Math.min(kind, Math.max(0, sizes.types - 1))),
          id,
        )
      id += tokens.length
    }
  }
  exports.setScratch(area + inputBytes(rows))
  exports.answer(recordsAt, questions.length, idsAt, typesAt, area)
  const logits = new Float32Array(memory.buffer, area, rows)
  let from = 0
  return questions.map(({ choiceIds }) => logits.slice(from, (from += choiceIds.length)))
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64
