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
    const translated = Object.entries((error as AppError).detail).flatMap(([name, value]) => {
      const known = text.values[value]
      return known === undefined ? [] : [[name, known] as const]
    })
    const sentence = translated.reduce((before, [name, value]) => closeUp(before, name, value), text.errors[code])
    return fill(sentence, { ...(error as AppError).detail, ...Object.fromEntries(translated) })
  }
  return fill(text.errors.internal, { message: error instanceof Error ? error.message : String(error) })
}
/** Chinese sentences keep a space on either side of a value, since most are Latin; beside a Chinese one there is none. */
function closeUp(sentence: string, name: string, value: string): string {
  const [before, after] = [/^\p{Script=Han}/u, /\p{Script=Han}$/u].map((edge) => edge.test(value))
  const place = new RegExp(`( ?)\\{${name}\\}( ?)`)
  return sentence.replace(place, (_, left: string, right: string) => `${before ? '' : left}{${name}}${after ? '' : right}`)
}

export function problemSentence(text: Text, problem: Problem): string {
  return fill(text.problems[problem.code], problem.detail)
}
/** The code of an AppError, null for anything else. */
export function codeOf(error: unknown): ErrorCode | null {
  return error instanceof Error && error.name === 'AppError' ? (error as AppError).code : null
}
