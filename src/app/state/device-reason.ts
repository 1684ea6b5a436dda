// Why the model runs where it runs, as a sentence with the speeds of the race in it.
import { fill } from '../../core/errors'
import type { ModelState } from '../../worker/protocol'
import type { Format, Text } from '../text'

export function deviceReason(text: Text, format: Format, { code, detail }: ModelState['reason']): string {
  const values = Object.entries(detail).map(([name, value]) => [name, typeof value === 'number' ? format.rate(value) : value] as const)
  return fill(text.status.reasons[code], Object.fromEntries(values))
}
