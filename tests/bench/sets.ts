// The questions that are timed: the project's own 80, closed book and with their contexts, as token ids for both layouts. Every contender
// gets the same text.
import { readFileSync } from 'node:fs'
import { guessMapping, readQuestions, readTable } from '../../src/core/dataset'
import { NO_EDITS } from '../../src/core/dataset/types'
import { createEncoder } from '../../src/core/encode'
import { parseManifest } from '../../src/core/manifest'
import type { Manifest } from '../../src/core/types'

/** Token ids of one question; plain arrays, so that they cross into the page. */
export interface TimedQuestion {
  prefixIds: number[]
  contextTokens: number
  choiceIds: number[][]
}
export type SetName = 'closed' | 'context'
export const SET_NAMES: readonly SetName[] = ['closed', 'context']

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
export const manifest: Manifest = parseManifest(json('models/default/model.json'))
export const encoder = createEncoder({
  tokenizerJson: json('models/default/tokenizer.json'),
  manifest,
  frequencies: json('models/default/stems.json'),
})

export function readSets(): Record<SetName, TimedQuestion[]> {
  const table = readTable('science-exam-context.csv', new Uint8Array(readFileSync('public/samples/science-exam-context.csv')))
  const { questions } = readQuestions(table, guessMapping(table), NO_EDITS)
  const encode = (withContext: boolean): TimedQuestion[] =>
    questions.map(({ prompt, options, context }) => {
      const question = { prompt, options: options.map((option) => option.text), context: withContext ? context : null }
      const { input } = encoder.encode(question, 95)
      if (input.layout !== 'shared-prefix') throw new Error('internal: the embedded model has layout shared-prefix')
      const { prefixIds, contextTokens, choiceIds } = input
      return { prefixIds: [...prefixIds], contextTokens, choiceIds: choiceIds.map((ids) => [...ids]) }
    })
  return { closed: encode(false), context: encode(true) }
}
