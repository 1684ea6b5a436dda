// Cuts questions into what a worker is sent at once. Short questions go together: their tokens share a pass over the weights. A question
// with more tokens than a pass has room for is asked a few choices at a time, and pairs, which share no prefix, one by one. Neither changes
// a logit: rows of a pass do not meet.
import type { Portion } from './pool'
import { tokensOf, type EngineInput } from './questions'

/** Which question a part belongs to, and which of its choices. */
export interface Part {
  question: number
  firstChoice: number
  input: EngineInput
}

/** Tokens of a portion of short questions. Pairs fill the pass: models of that layout are larger, and a pass reads all of their weights. */
const TOGETHER = 192

/** `rows`: tokens that fit a pass. `workers`: a few questions are spread over all of them. */
export function toPortions(questions: readonly EngineInput[], rows: number, workers: number): Part[][] {
  const parts = questions.flatMap((question, index) => splitQuestion(question, rows).map((part) => ({ question: index, ...part })))
  const total = parts.reduce((sum, { input }) => sum + tokensOf(input), 0)
  const together = parts.some(({ input }) => input.prefixIds.length > 0) ? TOGETHER : rows
  const limit = Math.min(together, rows, Math.ceil(total / workers))
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
function splitQuestion(question: EngineInput, rows: number): Omit<Part, 'question'>[] {
  const { prefixIds, choiceIds, choiceTypes } = question
  const roomOfPart = prefixIds.length > 0 ? rows - prefixIds.length : 0
  const parts: Omit<Part, 'question'>[] = []
  let room = 0
  for (const [choice, ids] of choiceIds.entries()) {
    if (parts.length === 0 || ids.length > room) {
      parts.push({ firstChoice: choice, input: { ...question, choiceIds: [], ...(choiceTypes ? { choiceTypes: [] } : {}) } })
      room = roomOfPart
    }
    parts.at(-1)?.input.choiceIds.push(ids)
    parts.at(-1)?.input.choiceTypes?.push(choiceTypes?.[choice] ?? null)
    room -= ids.length
  }
  return parts
}
