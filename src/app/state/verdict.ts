// How sure the model is, in words: by the gap between its first two shares. The words never say that it is right.
import type { Answer } from '../../core/types'
import type { Text } from '../text'

const CLEAR_GAP = 0.35
const AHEAD_GAP = 0.12

/** `letters`: of the options, in the order of `answer.probabilities`. */
export function verdict(
  { common }: Text,
  letters: readonly string[],
  { ranking, probabilities }: Pick<Answer, 'ranking' | 'probabilities'>,
): string {
  const [first, second] = ranking.map((option) => ({ letter: letters[option] ?? '?', share: probabilities[option] ?? 0 }))
  if (first === undefined) return ''
  if (second === undefined) return common.onlyOption(first.letter)
  const gap = first.share - second.share
  if (gap > CLEAR_GAP) return common.clearLead(first.letter)
  return gap > AHEAD_GAP ? common.ahead(first.letter, second.letter) : common.closeCall(first.letter, second.letter)
}
