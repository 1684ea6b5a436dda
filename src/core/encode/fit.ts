// Context fitting: of a long context, the sentences that share most idf weight with the prompt and the options, in their own order, up to a
// budget of words. Agrees with models/recipe/fit.py, by which the training contexts were cut. idf is BM25's, log(1 + (N - df + ½) / (df + ½)).
import { AppError } from '../errors'
import { createStemmer } from './stem'

/** In how many of `passages` passages a stem occurs; a stem that is not listed counts as never seen. */
export interface Frequencies {
  passages: number
  stems: ReadonlyMap<string, number>
}

/** A sentence gives its first 60 words. */
const SENTENCE_WORDS = 60
/** White space as Python's str.split and \s see it; JavaScript's \s lacks U+001C-U+001F and U+0085 and has U+FEFF. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const SPACES = new RegExp(`${SPACE}+`)
const SENTENCE_END = new RegExp(`(?<=[.!?;])${SPACE}+(?=[A-Z0-9"(=])`)

const stem = createStemmer()

/** At most about `words` words of `context`; the best sentence is kept even if it is longer. A context within the budget comes back as it is. */
export function fitContext(context: string, prompt: string, options: readonly string[], words: number, frequencies: Frequencies): string {
  if (splitWords(context).length <= words) return context
  const weights = questionWeights(prompt, options)
  const sentences = context
    .split(SENTENCE_END)
    .map((sentence) => splitWords(sentence).slice(0, SENTENCE_WORDS))
    .filter((sentence) => sentence.length > 0)
  const scores = sentences.map((sentence) => overlap(sentence.join(' '), weights, frequencies))

  const bestFirst = sentences.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]!) // stable: ties keep the text's order
  const kept: number[] = []
  let used = 0
  for (const index of bestFirst) {
    const size = sentences[index]!.length
    if (used > 0 && used + size > words) continue
    kept.push(index)
    used += size
    if (used >= words * 0.9) break
  }
  return kept
    .sort((a, b) => a - b)
    .map((index) => sentences[index]!.join(' '))
    .join(' ')
}

/** Reads stems.json, `{passages, stems: {stem: passages that hold it}}`. Throws model_manifest. */
export function readFrequencies(json: unknown): Frequencies {
  const { passages, stems } = (json ?? {}) as { passages?: unknown; stems?: unknown }
  const isCount = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= (passages as number)
  if (typeof passages !== 'number' || typeof stems !== 'object' || stems === null) {
    throw new AppError('model_manifest', {
      field: 'stems.json',
      value: 'not a table of stems',
      hint: 'It holds {"passages": N, "stems": {…}}.',
    })
  }
  const bad = Object.entries(stems).find(([, count]) => !isCount(count))
  if (bad)
    throw new AppError('model_manifest', { field: `stem ${bad[0]} in stems.json`, value: String(bad[1]), hint: 'It must be a count.' })
  return { passages, stems: new Map(Object.entries(stems as Record<string, number>)) }
}

/** 1 for a stem of the prompt and 0.5 for every option that has it, at most 1.5. */
function questionWeights(prompt: string, options: readonly string[]): Map<string, number> {
  const weights = new Map<string, number>()
  const add = (text: string, weight: number): void => {
    for (const word of new Set(stemsOf(text))) weights.set(word, Math.min((weights.get(word) ?? 0) + weight, 1.5))
  }
  add(prompt, 1)
  for (const option of options) add(option, 0.5)
  return weights
}

/** Σ idf · weight over the distinct stems shared with the question, over √(stems + 12), so that long sentences do not win by length. */
function overlap(sentence: string, weights: ReadonlyMap<string, number>, { passages, stems }: Frequencies): number {
  const found = stemsOf(sentence)
  let sum = 0
  for (const word of new Set(found)) {
    const weight = weights.get(word)
    if (weight === undefined) continue
    const df = stems.get(word) ?? 0
    sum += Math.log(1 + (passages - df + 0.5) / (df + 0.5)) * weight
  }
  return sum / Math.sqrt(found.length + 12)
}

function splitWords(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== '')
}

function stemsOf(text: string): string[] {
  return (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map(stem)
}
