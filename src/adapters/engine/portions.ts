// Cuts questions into what a worker is sent at once. Short questions go together: their tokens share a pass over the weights. A question
// with more tokens than a pass has room for is asked a few choices at a time. Neither changes a logit: rows of a pass do not meet.
import type { SharedPrefixInput } from '../../core/types'
import type { Portion } from './pool'
import { tokensOf } from './questions'

/** Which question a part belongs to, and which of its choices. */
export interface Part {
  question: number
  firstChoice: number
  input: SharedPrefixInput
}

/** Tokens of a portion of short questions. */
const TOGETHER = 192

/** `rows`: tokens that fit a pass. `workers`: a few questions are spread over all of them. */
export function toPortions(questions: readonly SharedPrefixInput[], rows: number, workers: number): Part[][] {
  const parts = questions.flatMap((question, index) => splitQuestion(question, rows).map((part) => ({ question: index, ...part })))
  const total = parts.reduce((sum, { input }) => sum + tokensOf(input), 0)
  const limit = Math.min(TOGETHER, rows, Math.ceil(total / workers))
  const portions: Part[][] = []
  let room = 0
  for (const part of parts) {
    const tokens = tokensOf(part.input)
    if (tokens > room) {
      portions.push([])
      room = limit
    }
    portions.at(-1)?.push(part)
    room -= tokens
  }
  return portions
}

export const inputsOf = (parts: readonly Part[]): Portion => parts.map(({ input }) => input)

/** Parts with the whole prefix and some choices each; one that is too long by itself is left to fail. */
function splitQuestion(question: SharedPrefixInput, rows: number): { firstChoice: number; input: SharedPrefixInput }[] {
  const parts: { firstChoice: number; input: SharedPrefixInput }[] = []
  let room = 0
  for (const [choice, ids] of question.choiceIds.entries()) {
    if (ids.length > room) {
      parts.push({ firstChoice: choice, input: { ...question, choiceIds: [] } })
      room = rows - question.prefixIds.length
    }
    parts.at(-1)?.input.choiceIds.push(ids)
    room -= ids.length
  }
  return parts
}
