// The two files a visitor takes home. Same questions and answers, same bytes.
import { problemSentence } from '../problems'
import { placeOf } from '../score/rank'
import type { Answer, Problem, Question } from '../types'
import { escapeFormula } from './formula'
import { csvLine } from './write-csv'

/**
 * submission.csv: `id,prediction`, one line a question in file order, the best `topK` letters separated by spaces.
 * A question without an answer lists its letters in file order, or `letters` (the mapped columns) where it has no option.
 * `answers`: any order, by `index`; missing ones are allowed. Ids are kept byte for byte.
 */
export function submissionCsv(
  questions: readonly Question[],
  answers: readonly Answer[],
  letters: readonly string[],
  topK: number,
): string {
  const answerOf = byIndex(answers)
  const lines = questions.map((question, index) => {
    const own = question.options.map((option) => option.letter)
    const ranked = rankedLetters(question, answerOf.get(index))
    const shown = ranked.length > 0 ? ranked : own.length > 0 ? own : letters
    return csvLine([question.id, shown.slice(0, topK).join(' ')])
  })
  return csvLine(['id', 'prediction']) + lines.join('')
}

/**
 * The full report: id, ranking, one probability column a letter (empty where the row has no such option), confidence, answer, its place,
 * the passages that the model read, and the problems as sentences. For spreadsheets: cells that would run as a formula are escaped.
 * `problems` are those of the file; each answer's own are added.
 */
export function reportCsv(
  questions: readonly Question[],
  answers: readonly Answer[],
  letters: readonly string[],
  problems: readonly Problem[],
): string {
  const answerOf = byIndex(answers)
  const problemsOf = byRow(problems)
  const header = [
    'id',
    'ranking',
    ...letters.map((letter) => `probability_${letter}`),
    'confidence',
    'answer',
    'place',
    'passages',
    'problems',
  ]
  const lines = questions.map((question, index) => {
    const answer = answerOf.get(index)
    const place = answer && question.answer !== null ? placeOf(answer.ranking, question.answer) : null
    const best = answer?.ranking[0]
    return csvLine(
      [
        question.id,
        rankedLetters(question, answer).join(' '),
        ...letters.map((letter) =>
          probability(
            answer,
            question.options.findIndex((option) => option.letter === letter),
          ),
        ),
        best === undefined ? '' : probability(answer, best),
        question.answer === null ? '' : (question.options[question.answer]?.letter ?? ''),
        place === null ? '' : String(place),
        (answer?.passages ?? [])
          .filter((passage) => passage.used)
          .map((passage) => `${passage.title} (${passage.source})`)
          .join(' | '),
        [...(problemsOf.get(question.row) ?? []), ...(answer?.problems ?? [])].map(problemSentence).join(' '),
      ].map(escapeFormula),
    )
  })
  return csvLine(header) + lines.join('')
}

function byIndex(answers: readonly Answer[]): Map<number, Answer> {
  return new Map(answers.map((answer) => [answer.index, answer]))
}

function byRow(problems: readonly Problem[]): Map<number, Problem[]> {
  const rows = new Map<number, Problem[]>()
  for (const problem of problems) {
    if (problem.row === null) continue
    const list = rows.get(problem.row)
    if (list) list.push(problem)
    else rows.set(problem.row, [problem])
  }
  return rows
}

function rankedLetters(question: Question, answer: Answer | undefined): string[] {
  return (answer?.ranking ?? []).flatMap((option) => question.options[option]?.letter ?? [])
}

function probability(answer: Answer | undefined, option: number): string {
  return answer?.probabilities[option]?.toFixed(6) ?? ''
}
