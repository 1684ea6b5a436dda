// How fast questions were answered here, by what was asked of the device. Estimates come from these measurements or are not given.
import type { Precision } from '../../core/types'
import type { ModelChoice, ModelSpeed, ModelState, RunSettings, RunSummary } from '../../worker/protocol'
import { readStored, writeStored } from './stored'

/** Fewer answers than this say little about speed. */
const ENOUGH_ANSWERS = 10
type Speeds = Record<string, number>
const isSpeeds = (value: unknown): value is Speeds =>
  typeof value === 'object' && value !== null && Object.values(value).every((rate) => typeof rate === 'number' && rate > 0)

/** Questions a second: of the last run asked for in this way, else of the opening race, else null. */
export function expectedRate(settings: RunSettings, hasContext: boolean, loaded: ModelState | null): number | null {
  const measured = (readStored('speeds', isSpeeds) ?? {})[keyOf(settings, hasContext)]
  if (measured !== undefined) return measured
  const { model } = settings
  if (loaded === null || loaded.modelId !== model.modelId || loaded.precision !== model.precision || loaded.arithmetic !== model.arithmetic)
    return null
  return loaded.speeds[model.device === 'auto' ? loaded.device : model.device]
}
export function recordRate(settings: RunSettings, hasContext: boolean, summary: RunSummary): void {
  if (summary.done < ENOUGH_ANSWERS || summary.seconds <= 0) return
  const rate = summary.done / summary.seconds
  writeStored('speeds', { ...readStored('speeds', isSpeeds), [keyOf(settings, hasContext)]: rate })
  recordSpeed(settings.model, { device: summary.model.device, rate })
}

const isMeasured = (value: unknown): value is Record<string, ModelSpeed> =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value as Record<string, Partial<ModelSpeed> | null>).every((speed) => typeof speed?.rate === 'number')

/** What a model last reached here, in a run or when it was measured; null where it has done neither. */
export function measuredSpeed(modelId: string, precision: Precision): ModelSpeed | null {
  return readStored('measured', isMeasured)?.[`${modelId} ${precision}`] ?? null
}
export function recordSpeed({ modelId, precision }: ModelChoice, speed: ModelSpeed): void {
  writeStored('measured', { ...readStored('measured', isMeasured), [`${modelId} ${precision}`]: speed })
}

function keyOf({ model, contextWords, openBook }: RunSettings, hasContext: boolean): string {
  const reads = openBook.library !== 'off' ? `open ${contextWords}` : hasContext ? `context ${contextWords}` : 'closed'
  return [model.modelId, model.precision, model.device, model.arithmetic, model.workers, reads].join(' ')
}
