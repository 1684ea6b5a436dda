// The parts of tokenizer.json, each checked as it is taken: a file that is cut short, edited by hand or of another kind gives a sentence,
// not a crash deep inside.
import { show } from '../check'
import { AppError } from '../errors'

export type Json = Record<string, unknown>

/** No vocabulary is larger; it also keeps a pair of ids within a safe integer. */
export const MOST_TOKENS = 10_000_000

export function damaged(reason: string): AppError {
  return new AppError('tokenizer_damaged', { reason })
}

export function unsupported(part: string, value: unknown, known: string): AppError {
  return new AppError('model_unsupported', { field: `${part} of tokenizer.json`, value: shown(value), known })
}

/** A value for a message. */
export const shown = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 60) : show(value))

export function objectOf(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${name} is not an object`)
  return value as Json
}

export function listOf(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw damaged(`${name} is not a list`)
  return value
}

export function textOf(parent: Json, name: string, key: string): string {
  const value = parent[key]
  if (typeof value !== 'string') throw damaged(`${name}.${key} is not text`)
  return value
}

export function flagOf(parent: Json, name: string, key: string): boolean {
  const value = parent[key]
  if (typeof value !== 'boolean') throw damaged(`${name}.${key} is neither true nor false`)
  return value
}

/** The kind of a part, one of `known`. */
export function kindOf<K extends string>(part: Json, name: string, ...known: K[]): K {
  const kind = textOf(part, name, 'type')
  const found = known.find((k) => k === kind)
  if (found === undefined) throw unsupported(`the ${name}`, kind, known.join(', '))
  return found
}

/** `{token: id}` with each id used once. */
export function readVocabulary(value: unknown): Map<string, number> {
  const vocabulary = new Map<string, number>()
  const seen = new Set<number>()
  for (const [piece, id] of Object.entries(objectOf(value, 'model.vocab'))) {
    if (!isId(id)) throw damaged(`token “${piece}” has the id ${shown(id)}`)
    if (seen.has(id)) throw damaged(`two tokens have the id ${String(id)}`)
    seen.add(id)
    vocabulary.set(piece, id)
  }
  return vocabulary
}

export interface AddedToken {
  id: number
  content: string
}

/** The special tokens. Others would have to be found in the text before it is cut into words; no model here has them, so they are refused. */
export function readSpecialTokens(file: Json): AddedToken[] {
  return listOf(file['added_tokens'] ?? [], 'added_tokens').map((value, index) => {
    const token = objectOf(value, `added_tokens[${index}]`)
    const content = textOf(token, `added_tokens[${index}]`, 'content')
    if (!isId(token['id'])) throw damaged(`added token “${content}” has the id ${shown(token['id'])}`)
    if (token['special'] !== true) throw unsupported('an added token', content, 'special tokens only')
    return { id: token['id'], content }
  })
}

export function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MOST_TOKENS
}
