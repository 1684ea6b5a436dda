// Rate and time left of long work: the rate is the mean over the last 10 s; the time left is told after 3 s or 10 steps.
import type { Clock, Progress } from '../core/ports'

const WINDOW_MS = 10_000
const QUIET_MS = 3_000
const QUIET_STEPS = 10

/** Returns a function that takes what is done so far and gives the progress to report. `startedFrom` was done before (a resumed job). */
export function createMeter(clock: Clock, startedFrom = 0): (done: number, total: number) => Progress {
  const startedAt = clock.now()
  const samples: { at: number; done: number }[] = [{ at: startedAt, done: startedFrom }]
  return (done, total) => {
    const now = clock.now()
    samples.push({ at: now, done })
    while (samples.length > 2 && samples[1]!.at <= now - WINDOW_MS) samples.shift()
    const oldest = samples[0]!
    const seconds = (now - oldest.at) / 1000
    const rate = seconds > 0 ? (done - oldest.done) / seconds : 0
    const isTold = rate > 0 && (now - startedAt >= QUIET_MS || done - startedFrom >= QUIET_STEPS)
    return { done, total, rate, secondsLeft: isTold ? (total - done) / rate : null }
  }
}
