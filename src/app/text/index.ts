// The text table of a language, and core's codes as sentences in it.
import { fill, type AppError, type ErrorCode } from '../../core/errors'
import type { Problem } from '../../core/types'
import { en, type Text } from './en'
import type { Language } from './format'
import { zh } from './zh'

export type { Text } from './en'
export { LOCALES, makeFormat, type Format, type Language } from './format'

export const TEXTS: Record<Language, Text> = { en, zh }

/** A failure as a sentence; an unexpected one is shown as `internal` with its message. */
export function errorSentence(text: Text, error: unknown): string {
  const code = codeOf(error)
  if (code !== null) {
    const values = Object.entries((error as AppError).detail).map(([name, value]) => [name, text.values[value] ?? value] as const)
    return fill(text.errors[code], Object.fromEntries(values))
  }
  return fill(text.errors.internal, { message: error instanceof Error ? error.message : String(error) })
}
export function problemSentence(text: Text, problem: Problem): string {
  return fill(text.problems[problem.code], problem.detail)
}
/** The code of an AppError, null for anything else. */
export function codeOf(error: unknown): ErrorCode | null {
  return error instanceof Error && error.name === 'AppError' ? (error as AppError).code : null
}
