// config.json, field by field: what is not there has transformers' default, what Pagewise does not know is refused with its name and value. An
// option that was overlooked would run and give wrong numbers.
import { show } from '../check'
import { AppError } from '../errors'

export type Config = Record<string, unknown>
export interface ConfigFields {
  readonly json: Config
  /** A whole number of at least `least` (1). */
  count(field: string, fallback?: number, least?: number): number
  /** One of `known`, the first where the field is missing. */
  only<T extends string | number | boolean>(field: string, ...known: T[]): T
}

/** Throws model_unsupported from its methods. */
export function createFields(json: Config): ConfigFields {
  return {
    json,
    count(field, fallback, least = 1) {
      const value = json[field] ?? fallback
      if (!Number.isSafeInteger(value) || (value as number) < least) throw unsupported(field, json[field], `whole numbers from ${least} on`)
      return value as number
    },
    only(field, ...known) {
      const value = json[field]
      const found = value === undefined || value === null ? known[0] : known.find((k) => k === value)
      if (found === undefined) throw unsupported(field, value, known.join(', '))
      return found
    },
  }
}

export function unsupported(field: string, value: unknown, known: string): AppError {
  return new AppError('model_unsupported', { field: `${field} in config.json`, value: show(value), known })
}
