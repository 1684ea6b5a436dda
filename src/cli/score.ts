// pagewise score: a file of questions in, submission.csv (and a report) out, through the same pipeline as the page.
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { guessMapping, mappingBlocker, readQuestions, readTable } from '../core/dataset'
import { NO_EDITS, type Table } from '../core/dataset/types'
import { AppError } from '../core/errors'
import { evaluate } from '../core/evaluate'
import { answerQuestions } from '../core/pipeline'
import { problemSentence } from '../core/problems'
import { submissionCsv } from '../core/submit'
import type { Answer, Problem, Question } from '../core/types'
import { createMeter } from '../jobs/progress'
import { TimedRetriever } from '../jobs/timed-retriever'
import type { LoadedModel } from '../jobs/load-model'
import { clock, openModel } from './model'
import { openSearchedLibrary } from './embed'
import { addModelOptions, pipelineSettings, wholeNumber, type ModelOptions } from './options'
import { createProgressLine } from './terminal'

export interface ScoreOptions extends ModelOptions {
  out?: string
  report?: string
  limit?: number
  topK: number
}
export interface Scored {
  questions: Question[]
  answers: Answer[]
  letters: string[]
  problems: Problem[]
  seconds: number
  /** Of `seconds`; 0 without a library. */
  retrievalSeconds: number
  model: LoadedModel
}

export function addScore(program: Command, signal: AbortSignal): void {
  addModelOptions(program.command('score'))
    .description('answer a CSV or JSONL file of questions')
    .argument('<file>', 'questions: id,prompt,A..E[,answer][,context] as CSV, or JSONL')
    .option('--out <file>', 'where submission.csv goes; standard output where left out')
    .option('--report <file>', 'a JSON file with logits, probabilities and problems of every question')
    .option('--limit <n>', 'answer the first n questions only', wholeNumber(1))
    .option('--top-k <n>', 'letters a line', wholeNumber(1), 3)
    .action(async (file: string, options: ScoreOptions) => {
      const scored = await scoreFile(signal, file, options)
      const submission = submissionCsv(scored.questions, scored.answers, scored.letters, options.topK)
      if (options.out === undefined) process.stdout.write(submission)
      else await writeFile(options.out, submission)
      if (options.report !== undefined) await writeFile(options.report, JSON.stringify(report(scored), null, 1) + '\n')
      const line = summary(scored)
      if (options.out === undefined) console.error(line)
      else console.log(line)
    })
}

/** Reads and answers a file; progress and problems go to standard error. */
export async function scoreFile(signal: AbortSignal, path: string, options: ModelOptions & { limit?: number }): Promise<Scored> {
  const table = await readTableFrom(signal, path)
  const mapping = guessMapping(table)
  const blocker = mappingBlocker(table, mapping)
  if (blocker) throw new AppError(blocker.code, blocker.detail)
  const read = readQuestions(table, mapping, NO_EDITS)
  const questions = read.questions.slice(0, options.limit)
  const letters = mapping.options.map((option) => option.letter)
  const isNeeded = options.alsoWithContext === true || questions.some((question) => question.context === null)
  const library = isNeeded ? await openSearchedLibrary(signal, options) : null
  const retriever = library && new TimedRetriever(library, clock)
  const model = await openModel(signal, options)
  const line = createProgressLine(process.stderr)
  const meter = createMeter(clock)
  const answers: Answer[] = []
  let done = 0
  const startedAt = clock.now()
  try {
    const deps = { encoder: model.encoder, scorer: model.scorer, retriever, clock }
    await answerQuestions(signal, questions, pipelineSettings(options), deps, (answer) => {
      answers.push(answer)
      line.show('Answering', meter(++done, questions.length))
    })
  } finally {
    line.end()
    await model.scorer.close()
  }
  const seconds = (clock.now() - startedAt) / 1000
  const isShown = (problem: Problem): boolean => problem.row === null || problem.row <= questions.length
  const found = [...table.problems, ...read.problems, ...answers.flatMap((answer) => answer.problems)].filter(isShown)
  // Answers come in any order.
  const problems = found.sort((a, b) => (a.row ?? 0) - (b.row ?? 0))
  showProblems(problems)
  return { questions, answers, letters, problems, seconds, retrievalSeconds: retriever?.seconds ?? 0, model }
}

export async function readTableFrom(signal: AbortSignal, path: string): Promise<Table> {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(path === '-' ? readFileSync(0) : await readFile(path))
  } catch (error) {
    throw new AppError('file_unreadable', { file: path, reason: (error as NodeJS.ErrnoException).code ?? String(error) })
  }
  return readTable(path === '-' ? 'standard input' : basename(path), bytes, signal)
}

const SHOWN_PROBLEMS = 20
function showProblems(problems: readonly Problem[]): void {
  for (const problem of problems.slice(0, SHOWN_PROBLEMS))
    console.error(`${problem.row === null ? '' : `Row ${problem.row}: `}${problemSentence(problem)}`)
  if (problems.length > SHOWN_PROBLEMS) console.error(`… and ${problems.length - SHOWN_PROBLEMS} more (all are in the --report file).`)
}

/** report.json; arrays are in the order of the question's non-empty options, `letters` names them. */
function report({ questions, answers, problems, seconds, retrievalSeconds, model }: Scored) {
  const byRow = new Map<number, Problem[]>()
  for (const problem of problems) if (problem.row !== null) byRow.set(problem.row, [...(byRow.get(problem.row) ?? []), problem])
  const answerOf = new Map(answers.map((answer) => [answer.index, answer]))
  return {
    model: { id: model.manifest.id, title: model.manifest.title },
    device: model.scorer.device,
    engine: model.scorer.description,
    precision: model.choice.precision,
    seconds,
    retrievalSeconds,
    questions: questions.map((question, index) => {
      const answer = answerOf.get(index)
      const letters = question.options.map((option) => option.letter)
      return {
        id: question.id,
        letters,
        ranking: answer?.ranking.map((option) => letters[option]) ?? [],
        logits: answer?.logits ?? [],
        probabilities: answer?.probabilities ?? [],
        passages: answer?.passages.map(({ id, title, score, used }) => ({ id, title, score, used })) ?? [],
        problems: (byRow.get(question.row) ?? []).map((problem) => ({
          code: problem.code,
          column: problem.column,
          message: problemSentence(problem),
        })),
      }
    }),
  }
}

export function summary({ questions, answers, seconds, retrievalSeconds }: Scored): string {
  const lookedUp = retrievalSeconds > 0 ? ` (${retrievalSeconds.toFixed(1)} s of it looking passages up)` : ''
  const rate = `${questions.length} rows in ${seconds.toFixed(1)} s${lookedUp}, ${(questions.length / seconds).toFixed(1)} questions/s`
  const evaluation = evaluate(questions, answers)
  if (evaluation.scored === 0) return rate
  const { value, interval } = evaluation.mapAt3
  return `${rate}, MAP@3 ${value.toFixed(4)} (95% ${interval[0].toFixed(3)} to ${interval[1].toFixed(3)}, ${evaluation.scored} scored)`
}
