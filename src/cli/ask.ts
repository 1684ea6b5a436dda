// pagewise ask: one question, ranked.
import type { Command } from 'commander'
import { AppError } from '../core/errors'
import { answerQuestions } from '../core/pipeline'
import { problemSentence } from '../core/problems'
import type { Answer, Question } from '../core/types'
import { clock, openModel } from './model'
import { openSearchedLibrary } from './embed'
import { addModelOptions, pipelineSettings, type ModelOptions } from './options'

interface AskOptions extends ModelOptions {
  context?: string
  json?: boolean
}

export function addAsk(program: Command, signal: AbortSignal): void {
  addModelOptions(program.command('ask'))
    .description('rank the options of one question')
    .argument('<prompt>', 'the question')
    .argument('<options...>', 'two options or more')
    .option('--context <text>', 'a text that the model reads before it answers')
    .option('--json', 'print JSON')
    .action(async (prompt: string, texts: string[], options: AskOptions) => {
      const choices = texts.map((text, i) => ({ letter: String.fromCharCode(65 + i), text })).filter(({ text }) => text.trim() !== '')
      if (prompt.trim() === '' || choices.length < 2) throw new AppError('question_incomplete')
      const question: Question = { row: 1, id: '1', prompt, options: choices, context: options.context ?? null, answer: null }
      const isNeeded = options.context === undefined || options.alsoWithContext === true
      const retriever = isNeeded ? await openSearchedLibrary(signal, options) : null
      const model = await openModel(signal, options)
      const answers: Answer[] = []
      try {
        const deps = { encoder: model.encoder, scorer: model.scorer, retriever, clock }
        await answerQuestions(signal, [question], pipelineSettings(options), deps, (answer) => answers.push(answer))
      } finally {
        await model.scorer.close()
      }
      const answer = answers[0]!
      const ranked = answer.ranking.map((i) => ({ ...choices[i]!, probability: answer.probabilities[i]!, logit: answer.logits[i]! }))
      if (options.json) console.log(JSON.stringify(ranked, null, 1))
      else
        for (const { letter, text, probability } of ranked)
          console.log(`${letter}  ${(probability * 100).toFixed(0).padStart(3)}%  ${text}`)
      for (const { title, source, text } of options.json ? [] : answer.passages.filter((passage) => passage.used))
        console.log(`\n${text}\n(${title}; ${source})`)
      for (const problem of answer.problems) console.error(problemSentence(problem))
    })
}
