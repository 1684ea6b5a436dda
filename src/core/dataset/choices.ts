// The options of a JSON record, in the shapes in which sets are published:
//   [{label, text}, …]        OpenBookQA, ARC, CommonsenseQA        {text: […], label: […]}   the same on the Hugging Face hub
//   ["…", "…"]                MMLU, RACE, SWAG                      {A: "…", B: "…"}          MedQA
import { letterAt } from './columns'

export interface Choice {
  letter: string
  text: string
  /** The record's own label, trimmed: "A", "1"; null where it has none. */
  label: string | null
}

/** The choices of a value in any of these shapes; null if it is none of them. Labels that are not distinct letters become A, B, C … in order. */
export function readChoices(value: unknown): Choice[] | null {
  const pairs = choicePairs(value)
  if (pairs === null) return null
  const labels = pairs.map((pair) => pair.label?.toUpperCase() ?? '')
  const areLetters = labels.every((label) => /^[A-Z]$/.test(label)) && new Set(labels).size === labels.length
  return pairs.map((pair, i) => ({ ...pair, letter: areLetters ? labels[i]! : letterAt(i) }))
}

/** "3" -> "C" where the choices are labelled 1-4; other answers as they are. */
export function answerLetter(answer: string, choices: readonly Choice[]): string {
  const wanted = answer.trim().toUpperCase()
  return choices.find((choice) => choice.label?.toUpperCase() === wanted)?.letter ?? answer
}

type Pair = Pick<Choice, 'text' | 'label'>

function choicePairs(value: unknown): Pair[] | null {
  if (Array.isArray(value)) {
    const pairs = value.map(choicePair)
    return pairs.every((pair) => pair !== null) ? pairs : null
  }
  if (!isRecord(value)) return null
  const { text, label } = value
  if (Array.isArray(text)) {
    const labels: unknown[] = Array.isArray(label) ? label : []
    return text.map((item, i) => ({ text: cellText(item), label: i in labels ? cellText(labels[i]).trim() : null }))
  }
  const entries = Object.entries(value)
  const isLabelled = entries.length > 0 && entries.every(([key, item]) => /^([A-Za-z]|\d{1,2})$/.test(key) && !isRecord(item))
  return isLabelled ? entries.map(([key, item]) => ({ text: cellText(item), label: key })) : null
}

function choicePair(item: unknown): Pair | null {
  if (!isRecord(item)) return Array.isArray(item) ? null : { text: cellText(item), label: null }
  const { text, label } = item
  return text === undefined ? null : { text: cellText(text), label: label === undefined ? null : cellText(label).trim() }
}

/** A JSON value as a table's cell: strings as they are, null as nothing, a list of one as its item, the rest as JSON. */
export function cellText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'string') return value[0]
  try {
    return JSON.stringify(value)
  } catch {
    return '' // nested too deep to be written again
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
