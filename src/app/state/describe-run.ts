// A stored run in a few words: which model, how precise, where it ran, what it read. The settings of a run that a former version
// stored may lack parts; what is not there is not said.
import type { RunRecord } from '../../core/ports'
import type { ModelState, RunSettings } from '../../worker/protocol'
import type { Format, Text } from '../text'

type StoredSettings = Partial<RunSettings> & { state?: Partial<ModelState> }

/** "8-bit · on your CPU": what tells runs of one model apart. */
export function describeSettings(text: Text, record: RunRecord): string {
  const { model, openBook, state } = (record.settings ?? {}) as StoredSettings
  const precision = state?.precision ?? model?.precision
  const isInt8 = (state?.arithmetic ?? model?.arithmetic) === 'int8'
  return join([
    precision && text.common.precisions[precision],
    isInt8 && text.history.int8,
    state?.device && text.common.onDevice[state.device],
    openBook && openBook.library !== 'off' && text.history.openBook,
  ])
}

/** "Pagewise Small · 8-bit · on your CPU". */
export function describeRun(text: Text, record: RunRecord): string {
  return join([record.modelTitle, describeSettings(text, record)])
}

/** "01:34" today, else "24 Nov 18:20". */
export function whenOf(format: Format, milliseconds: number): string {
  const isToday = new Date(milliseconds).toDateString() === new Date().toDateString()
  return isToday ? format.time(milliseconds) : `${format.shortDay(milliseconds)} ${format.time(milliseconds)}`
}

function join(parts: readonly unknown[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' · ')
}
