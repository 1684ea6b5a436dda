import { describe, expect, it } from 'vitest'
import { verdict } from '../../src/app/state/verdict'
import { en } from '../../src/app/text/en'

const say = (...probabilities: number[]) => {
  const ranking = probabilities.map((_, i) => i).sort((a, b) => probabilities[b]! - probabilities[a]!)
  return verdict(en, ['A', 'B', 'C', 'D'], { ranking, probabilities })
}

describe('verdict', () => {
  it('calls a wide gap between the first two a clear lead', () => {
    expect(say(0.1, 0.8, 0.1)).toBe('B, a clear lead.')
  })
  it('names the second when it is behind but not far', () => {
    expect(say(0.5, 0.3, 0.2)).toBe('A, ahead of B.')
  })
  it('calls a small gap a close call', () => {
    expect(say(0.4, 0.35, 0.25)).toBe('A close call between A and B.')
  })
  it('says when there is nothing to compare with', () => {
    expect(say(1)).toBe('A is the only option with text.')
  })
})
