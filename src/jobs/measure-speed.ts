// How fast a model answers here: one question of the exam's shape, over and over, until the time can be told. The first questions are not counted: they
// compile shaders and fill caches. They also say whether the model is so slow that every worker gets one question at a time.
import { SELF_TEST_QUESTION } from '../core/checkpoint/self-test-question'
import type { Clock } from '../core/ports'
import type { LoadedModel } from './load-model'

const BATCH = 8
const MOST_QUESTIONS = 256
const LONG_ENOUGH_MS = 1500
/** A batch should take no longer than about this. */
const SLOW_MS = 200

/** Questions a second, with a context of 39 words and five options. Rejects with aborted and what scoring gives. */
export async function measureSpeed(signal: AbortSignal, { encoder, scorer }: LoadedModel, clock: Clock): Promise<number> {
  const { input } = encoder.encode(SELF_TEST_QUESTION, Infinity)
  const timed = async (count: number): Promise<number> => {
    const startedAt = clock.now()
    await scorer.score(
      signal,
      Array.from({ length: count }, () => input),
      () => undefined,
    )
    return clock.now() - startedAt
  }
  await timed(1)
  const isSlow = (await timed(scorer.workers)) > SLOW_MS
  const batch = isSlow ? scorer.workers : Math.max(scorer.workers, BATCH)
  let answered = 0
  let milliseconds = 0
  while (answered < MOST_QUESTIONS && milliseconds < LONG_ENOUGH_MS) {
    milliseconds += await timed(batch)
    answered += batch
  }
  return answered / Math.max(1e-3, milliseconds / 1000)
}
