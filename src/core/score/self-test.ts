// A model is accepted on a device only after it reproduces the logits that PyTorch gave for one question of its manifest. This catches
// what no type can: a driver that computes wrong numbers, a damaged kernel, weights that do not belong to the manifest.
import type { Encoder } from '../encode'
import type { Scorer } from '../ports'
import type { Arithmetic, Manifest, Precision } from '../types'

/** Rounded activations move logits further than rounded weights do; a wrong kernel moves them by tens. */
const INT8_TOLERANCE = 1.5
/** A GPU adds up in half precision what it computes in it. */
const HALF_TOLERANCE = 0.25
const DEFAULT_TOLERANCE: Record<Precision, number> = { fp32: 1e-3, fp16: 0.05, q8: 0.5, q4: 4 }

/** `error`: largest absolute difference to the manifest's logits (NaN counts as infinite); `tolerance`: the most that is accepted. A model
 * without a self-test passes it. */
export async function runSelfTest(
  signal: AbortSignal,
  scorer: Scorer,
  encoder: Encoder,
  manifest: Manifest,
  precision: Precision,
  arithmetic: Arithmetic,
): Promise<{ error: number; tolerance: number }> {
  if (!manifest.selfTest) return { error: 0, tolerance: 0 }
  const { question, logits: expected } = manifest.selfTest
  const { input } = encoder.encode(question, Infinity)
  let error = Infinity
  await scorer.score(signal, [input], (_, logits) => {
    error = largestError(expected, logits)
  })
  return { error, tolerance: selfTestTolerance(manifest, precision, scorer, arithmetic) }
}

/** Largest absolute difference, option by option; a missing or NaN logit counts as infinite. */
export function largestError(expected: readonly number[], logits: ArrayLike<number>): number {
  const errors = expected.map((logit, option) => Math.abs(logit - (logits[option] ?? Infinity)))
  return errors.some(Number.isNaN) ? Infinity : Math.max(0, ...errors)
}

/** The error with which these weights are still accepted on this device. */
export function selfTestTolerance(
  manifest: Manifest,
  precision: Precision,
  { device, isHalf = false }: Pick<Scorer, 'device' | 'isHalf'>,
  arithmetic: Arithmetic,
): number {
  const allowed = manifest.selfTest?.tolerance[precision] ?? DEFAULT_TOLERANCE[precision]
  if (isHalf) return Math.max(HALF_TOLERANCE, allowed)
  return device === 'cpu' && arithmetic === 'int8' ? Math.max(INT8_TOLERANCE, allowed) : allowed
}
