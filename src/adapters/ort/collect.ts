// Puts the logits of batches back together: a question is complete when each of its choices has one, and is then given out.
import { choiceIdsOf, firstOfEqual, type Batch } from '../../core/encode/batches'
import type { ModelInput } from '../../core/types'

/**
 * A function that takes a batch of `inputs` and its logits [pieces, choices]. `onLogits` is called once for every input, with the logits
 * of its choices in their own order; a choice equal to an earlier one has that one's. A question without choices is given out at once.
 */
export function collectLogits(
  inputs: readonly ModelInput[],
  onLogits: (index: number, logits: Float32Array) => void,
): (batch: Batch, logits: Float32Array) => void {
  const questions = inputs.map((input) => {
    const choiceIds = choiceIdsOf(input)
    const firsts = firstOfEqual(choiceIds)
    return { firsts, logits: new Float32Array(choiceIds.length), missing: new Set(firsts).size }
  })
  for (const [index, { logits }] of questions.entries()) if (logits.length === 0) onLogits(index, logits)
  return (batch, logits) => {
    batch.pieces.forEach(({ input, choices }, row) => {
      const question = questions[input]!
      choices.forEach((choice, slot) => (question.logits[choice] = logits[row * batch.choices.length + slot]!))
      question.missing -= choices.length
      if (question.missing > 0) return
      onLogits(
        input,
        question.logits.map((_, choice) => question.logits[question.firsts[choice]!]!),
      )
    })
  }
}
