// Questions in, answers out: the whole path of DESIGN in one place. Reads top to bottom:
// passages -> context -> token ids -> logits -> ranking. Questions go through in windows that grow, so that the first answers come at
// once and a GPU still finds enough neighbours of one length; the next window is prepared while the present one is scored, where that is done elsewhere.
// An answer depends on its question, the model, the settings and the device only, never on the window or its neighbours.
import { throwIfAborted } from './errors'
import type { Clock, Retriever, Scorer } from './ports'
import type { Encoder } from './encode'
import { combineOpenBook } from './score/open-book'
import { rankChoices, softmax } from './score/rank'
import type { Answer, ModelInput, PassageHit, Problem, Question } from './types'

export interface PipelineSettings {
  /** Words of a context that the model reads. */
  contextWords: number
  /** Passages looked up for a question; 0 with no retriever. */
  passages: number
  /** Also for questions that have a context of their own, which is otherwise read alone. */
  isAlsoWithContext: boolean
}
export interface PipelineDeps {
  encoder: Encoder
  scorer: Scorer
  retriever: Retriever | null
  clock: Clock
}

/** A question ready for the scorer; `inputs` is empty where there is nothing to choose between. */
interface Prepared {
  question: Question
  inputs: ModelInput[]
  passages: PassageHit[]
  problems: Problem[]
  logits: Float32Array[]
}

const FIRST_WINDOW = 16
const LAST_WINDOW = 1024
const BREATH_MS = 40

/**
 * Answers every question once, in any order, through `onAnswer`.
 * Rejects with AppError `aborted` when the signal aborts; answers already given stay valid.
 */
export async function answerQuestions(
  signal: AbortSignal,
  questions: readonly Question[],
  settings: PipelineSettings,
  deps: PipelineDeps,
  onAnswer: (answer: Answer) => void,
): Promise<void> {
  let size = FIRST_WINDOW
  let from = 0
  const prepareNext = (): Promise<Prepared[]> | null => {
    if (from >= questions.length) return null
    const window = questions.slice(from, from + size)
    from += size
    size = Math.min(size * 2, LAST_WINDOW)
    const prepared = prepare(signal, window, settings, deps)
    prepared.catch(() => undefined) // awaited in the next turn; an abort in between must not count as unhandled
    return prepared
  }
  let next = prepareNext()
  while (next) {
    const window: Prepared[] = await next
    const ahead = deps.scorer.isBlocking ? null : prepareNext()
    await scoreWindow(signal, window, deps.scorer, onAnswer)
    next = deps.scorer.isBlocking ? prepareNext() : ahead
  }
}

async function prepare(
  signal: AbortSignal,
  questions: readonly Question[],
  settings: PipelineSettings,
  { encoder, retriever, clock }: PipelineDeps,
): Promise<Prepared[]> {
  const prepared: Prepared[] = []
  let breathedAt = clock.now()
  for (const question of questions) {
    throwIfAborted(signal)
    const options = question.options.map((option) => option.text)
    const item: Prepared = { question, inputs: [], passages: [], problems: [], logits: [] }
    prepared.push(item)
    if (options.length < 2) continue
    let context = question.context
    if (retriever && settings.passages > 0 && (context === null || settings.isAlsoWithContext)) {
      item.passages = await retriever.retrieve(signal, { prompt: question.prompt, options }, settings.passages)
      const read = item.passages.filter((passage) => passage.used).map((passage) => passage.text)
      context = [...(context === null ? [] : [context]), ...read].join(' ') || null
    }
    const encoded = encoder.encode({ prompt: question.prompt, options, context }, settings.contextWords)
    item.inputs = [encoded.input]
    // What was looked up may have nothing to do with the question, so the question is also answered without it: see combineOpenBook.
    const isLookedUp = question.context === null && context !== null
    if (isLookedUp) item.inputs.push(encoder.encode({ prompt: question.prompt, options, context: null }, settings.contextWords).input)
    item.problems = encoded.problems.map(({ code, detail, option }) => {
      const letter = option === undefined ? null : (question.options[option]?.letter ?? null)
      return { row: question.row, column: letter, code, detail: letter === null ? detail : { ...detail, letter } }
    })
    if (clock.now() - breathedAt > BREATH_MS) {
      await clock.breathe()
      breathedAt = clock.now()
    }
  }
  return prepared
}

async function scoreWindow(
  signal: AbortSignal,
  window: readonly Prepared[],
  scorer: Scorer,
  onAnswer: (answer: Answer) => void,
): Promise<void> {
  throwIfAborted(signal)
  const asked: Prepared[] = []
  for (const item of window) {
    if (item.inputs.length > 0) asked.push(item)
    else
      onAnswer(
        answerOf(
          item,
          item.question.options.map(() => 0),
        ),
      )
  }
  const owners = asked.flatMap((item) => item.inputs.map((input, part) => ({ item, input, part })))
  await scorer.score(
    signal,
    owners.map(({ input }) => input),
    (index, logits) => {
      const { item, part } = owners[index]!
      item.logits[part] = logits
      const [open, closed] = item.logits
      if (!open) return
      if (item.inputs.length === 1) onAnswer(answerOf(item, Array.from(open)))
      else if (closed) onAnswer({ ...answerOf(item, combineOpenBook(open, closed)), closedProbabilities: softmax(closed) })
    },
  )
}

function answerOf({ question, passages, problems }: Prepared, logits: number[]): Answer {
  return {
    index: question.row - 1,
    ranking: rankChoices(logits),
    logits,
    probabilities: softmax(logits),
    closedProbabilities: null,
    passages,
    problems,
  }
}
