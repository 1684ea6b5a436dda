// 95% intervals. Proportions: Wilson's score interval (Wilson 1927), which stays inside [0, 1] and is honest at 0, at 1 and on few rows.
// Means of scores: the percentile bootstrap (Efron 1979) with 2,000 seeded resamples, so that the same rows give the same interval.
import type { Estimate } from './types'

const Z = 1.959964
const RESAMPLES = 2000
/** Beyond this many scores the mean is normal to three digits, and resampling would only take time. */
const MAX_RESAMPLED = 5000

/** Share of `hits` in `n`; [0, 1] when there is nothing to go by. */
export function wilson(hits: number, n: number): Estimate {
  if (n === 0) return { value: 0, interval: [0, 1] }
  const share = hits / n
  const middle = share + (Z * Z) / (2 * n)
  const reach = Z * Math.sqrt((share * (1 - share) + (Z * Z) / (4 * n)) / n)
  const scale = 1 + (Z * Z) / n
  return { value: share, interval: [Math.max(0, (middle - reach) / scale), Math.min(1, (middle + reach) / scale)] }
}

/**
 * Mean of scores in [0, 1]. Equal scores have no spread to resample (five of five right would claim certainty): they get Wilson's interval,
 * whose variance is the largest that scores with this mean can have.
 */
export function meanWithInterval(scores: readonly number[]): Estimate {
  const n = scores.length
  const value = mean(scores)
  if (scores.every((score) => score === scores[0])) return { value, interval: wilson(value * n, n).interval }
  if (n > MAX_RESAMPLED) {
    const variance = scores.reduce((sum, score) => sum + (score - value) ** 2, 0) / (n - 1)
    const reach = Z * Math.sqrt(variance / n)
    return { value, interval: [Math.max(0, value - reach), Math.min(1, value + reach)] }
  }
  const random = xorshift32(0x9e3779b9)
  const means = new Float64Array(RESAMPLES).map(() => {
    let sum = 0
    for (let i = 0; i < n; i++) sum += scores[Math.floor(random() * n)]!
    return sum / n
  })
  means.sort()
  return { value, interval: [means[Math.floor(0.025 * RESAMPLES)]!, means[Math.ceil(0.975 * RESAMPLES) - 1]!] }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length
}

/** Marsaglia 2003, "Xorshift RNGs": uniform numbers in [0, 1). */
function xorshift32(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}
