// pagewise bench: how fast this machine answers, with the model and settings of the other commands. The comparison with other ways to run
// such a model is `npm run bench`.
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { guessMapping, mappingBlocker, readQuestions } from '../core/dataset'
import { NO_EDITS } from '../core/dataset/types'
import { AppError } from '../core/errors'
import { answerQuestions } from '../core/pipeline'
import type { Question } from '../core/types'
import { clock, openModel } from './model'
import { addModelOptions, wholeNumber, type ModelOptions } from './options'
import { readTableFrom } from './score'

const SAMPLE = fileURLToPath(new URL('../../public/samples/science-exam-context.csv', import.meta.url))

export function addBench(program: Command, signal: AbortSignal): void {
  addModelOptions(program.command('bench'))
    .description('time the model on this machine: closed book and with the contexts of the file')
    .argument('[file]', 'questions to time; the sample where left out', SAMPLE)
    .option('--rounds <n>', 'passes over the file; the median is printed', wholeNumber(1), 3)
    .option('--json', 'print JSON')
    .action(async (file: string, options: ModelOptions & { rounds: number; json?: boolean }) => {
      const table = await readTableFrom(signal, file)
      const mapping = guessMapping(table)
      const blocker = mappingBlocker(table, mapping)
      if (blocker) throw new AppError(blocker.code, blocker.detail)
      const { questions } = readQuestions(table, mapping, NO_EDITS)
      const model = await openModel(signal, options)
      const pass = async (asked: readonly Question[]): Promise<number> => {
        const deps = { encoder: model.encoder, scorer: model.scorer, retriever: null, clock }
        const settings = { contextWords: options.contextWords, passages: 0, isAlsoWithContext: false }
        const startedAt = clock.now()
        await answerQuestions(signal, asked, settings, deps, () => undefined)
        return asked.length / ((clock.now() - startedAt) / 1000)
      }
      const closed = questions.map((question) => ({ ...question, context: null }))
      const open = questions.filter((question) => question.context !== null)
      const rates: { closed: number[]; context: number[] } = { closed: [], context: [] }
      try {
        await pass(closed.slice(0, 8)) // warms up
        for (let round = 0; round < options.rounds; round++) {
          rates.closed.push(await pass(closed))
          if (open.length > 0) rates.context.push(await pass(open))
        }
      } finally {
        await model.scorer.close()
      }
      const result = {
        engine: model.scorer.description,
        precision: model.choice.precision,
        loadSeconds: model.loadSeconds,
        closedBook: median(rates.closed),
        withContext: median(rates.context),
      }
      if (options.json) console.log(JSON.stringify(result, null, 1))
      else {
        console.log(`${result.engine}, ${result.precision}: loaded and tested in ${result.loadSeconds.toFixed(2)} s`)
        console.log(`closed book    ${result.closedBook?.toFixed(1)} questions/s`)
        if (result.withContext !== null) console.log(`with contexts  ${result.withContext.toFixed(1)} questions/s`)
      }
    })
}

/** null of nothing. */
function median(numbers: readonly number[]): number | null {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? null
}
