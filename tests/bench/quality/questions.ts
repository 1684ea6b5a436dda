// What the table is measured on: golden questions, whose logits by PyTorch are known, and the project's own questions with their answers.
import { readFileSync } from 'node:fs'
import { guessMapping, readQuestions, readTable } from '../../../src/core/dataset'
import { NO_EDITS } from '../../../src/core/dataset/types'
import { createEncoder } from '../../../src/core/encode'
import { averagePrecisionAtK } from '../../../src/core/evaluate'
import { rankChoices } from '../../../src/core/score/rank'
import type { Manifest } from '../../../src/core/types'
import { toPlain, type PlainInput } from './devices'

export interface Golden {
  inputs: PlainInput[]
  /** By PyTorch in fp32. */
  logits: number[][]
}
export interface Labelled {
  inputs: PlainInput[]
  /** MAP@3 of the logits of `inputs`. */
  mapAt3(logits: readonly number[][]): number
}

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

/** The embedded model's golden file. */
export function embeddedGolden(path: string): Golden {
  const { items } = json(path) as { items: (Extract<PlainInput, { prefixIds: unknown }> & { logits: number[] })[] }
  return {
    inputs: items.map(({ prefixIds, contextTokens, choiceIds }) => ({ prefixIds, contextTokens, choiceIds })),
    logits: items.map(({ logits }) => logits),
  }
}

/** The golden file of a checkpoint. `hasTypes`: the model reads token types. */
export function checkpointGolden(path: string, hasTypes: boolean): Golden {
  const { items } = json(path) as { items: { input_ids: number[][]; token_type_ids: number[][]; logits: number[] }[] }
  return {
    inputs: items.map((item) => ({ pairs: item.input_ids.map((ids, i) => ({ ids, types: hasTypes ? item.token_type_ids[i]! : null })) })),
    logits: items.map(({ logits }) => logits),
  }
}

const SAMPLES = ['science-exam.csv', 'science-exam-context.csv', 'openbookqa.jsonl']

/** The samples, closed book where they have no contexts. */
export function labelledQuestions(manifest: Manifest, tokenizer: string, stems: string, contextWords: number): Labelled {
  const encoder = createEncoder({ tokenizerJson: json(tokenizer), manifest, frequencies: json(stems) })
  const questions = SAMPLES.flatMap((name) => {
    const table = readTable(name, new Uint8Array(readFileSync(`public/samples/${name}`)))
    return readQuestions(table, guessMapping(table), NO_EDITS).questions
  })
  return {
    inputs: questions.map(({ prompt, options, context }) =>
      toPlain(encoder.encode({ prompt, options: options.map(({ text }) => text), context }, contextWords).input),
    ),
    mapAt3(logits) {
      const scores = questions.map(({ answer }, i) =>
        answer === null ? 0 : averagePrecisionAtK(rankChoices(logits[i]!).map(String), String(answer), 3),
      )
      return scores.reduce((sum, score) => sum + score, 0) / scores.length
    },
  }
}

/** Largest absolute error, and the share of questions with the same best option. */
export function compare(golden: Golden, logits: readonly number[][]): { error: number; agreement: number } {
  const errors = golden.logits.flatMap((row, q) => row.map((logit, c) => Math.abs(logit - (logits[q]?.[c] ?? NaN))))
  const same = golden.logits.filter((row, q) => rankChoices(row)[0] === rankChoices(logits[q] ?? [])[0])
  return { error: Math.max(...errors), agreement: same.length / golden.logits.length }
}
