// pagewise evaluate: what a labelled file says about a model, or about a submission.csv that somebody already has.
import type { Command } from 'commander'
import { guessMapping, mappingBlocker, readQuestions } from '../core/dataset'
import { NO_EDITS } from '../core/dataset/types'
import { AppError } from '../core/errors'
import { evaluate } from '../core/evaluate'
import type { Estimate, Evaluation } from '../core/evaluate/types'
import type { Answer, Question } from '../core/types'
import { addModelOptions, wholeNumber, type ModelOptions } from './options'
import { readTableFrom, scoreFile } from './score'

export function addEvaluate(program: Command, signal: AbortSignal): void {
  addModelOptions(program.command('evaluate'))
    .description('score a labelled file: MAP@3 with intervals, accuracy, calibration')
    .argument('<file>', 'questions with an answer column')
    .option('--submission <file>', 'evaluate this submission.csv instead of running a model')
    .option('--limit <n>', 'use the first n questions only', wholeNumber(1))
    .option('--json', 'print JSON')
    .action(async (file: string, options: ModelOptions & { submission?: string; limit?: number; json?: boolean }) => {
      const { questions, answers } =
        options.submission === undefined
          ? await scoreFile(signal, file, options)
          : await readSubmission(signal, file, options.submission, options.limit)
      const evaluation = evaluate(questions, answers)
      if (evaluation.scored === 0)
        throw new AppError('usage', { message: `${file} has no usable answers, so there is nothing to evaluate. Add an answer column.` })
      console.log(options.json ? JSON.stringify(evaluation, null, 1) : table(evaluation, options.submission === undefined))
    })
}

async function readSubmission(
  signal: AbortSignal,
  file: string,
  submission: string,
  limit?: number,
): Promise<{ questions: Question[]; answers: Answer[] }> {
  const parsed = await readTableFrom(signal, file)
  const mapping = guessMapping(parsed)
  const blocker = mappingBlocker(parsed, mapping)
  if (blocker) throw new AppError(blocker.code, blocker.detail)
  const questions = readQuestions(parsed, mapping, NO_EDITS).questions.slice(0, limit)
  const predictions = await readPredictions(signal, submission)
  const answers = questions.flatMap((question, index): Answer[] => {
    const letters = predictions.get(question.id)
    if (!letters) return []
    // A repeated or unknown letter keeps its place, as Kaggle counts it: it becomes an index that is never right.
    const ranking = letters.map((letter) => question.options.findIndex((option) => option.letter === letter))
    return [{ index, ranking, logits: [], probabilities: [], closedProbabilities: null, passages: [], problems: [] }]
  })
  const missing = questions.length - answers.length
  if (missing > 0) console.error(`${submission} has no line for ${missing} of ${questions.length} questions; they are left out.`)
  return { questions, answers }
}

/** id -> letters of a submission.csv. */
async function readPredictions(signal: AbortSignal, path: string): Promise<Map<string, string[]>> {
  const { columns, rows } = await readTableFrom(signal, path)
  const column = (name: string): number => columns.findIndex((header) => header.trim().toLowerCase() === name)
  const [id, prediction] = [column('id'), column('prediction')]
  if (id < 0 || prediction < 0) {
    throw new AppError('usage', { message: `${path} has the columns ${columns.join(', ')}. A submission has id and prediction.` })
  }
  return new Map(rows.map((cells) => [cells[id] ?? '', (cells[prediction] ?? '').trim().split(/\s+/)]))
}

function table(evaluation: Evaluation, hasConfidence: boolean): string {
  const row = (name: string, { value, interval }: Estimate): string =>
    `${name.padEnd(24)} ${value.toFixed(4)}  (95% ${interval[0].toFixed(3)} to ${interval[1].toFixed(3)})`
  const lines = [
    row('MAP@3', evaluation.mapAt3),
    row('right first time', evaluation.rightWithin[0]),
    row('right in the first two', evaluation.rightWithin[1]),
    row('right in the first three', evaluation.rightWithin[2]),
    `${'random guessing, MAP@3'.padEnd(24)} ${evaluation.chance.toFixed(4)}`,
    `${'scored rows'.padEnd(24)} ${evaluation.scored}${evaluation.leftOut.length > 0 ? `, ${evaluation.leftOut.length} left out` : ''}`,
  ]
  if (hasConfidence && evaluation.calibrationError !== null)
    lines.push(`${'calibration error'.padEnd(24)} ${evaluation.calibrationError.toFixed(4)}`)
  return lines.join('\n')
}
