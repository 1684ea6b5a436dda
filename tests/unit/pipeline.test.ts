// The pipeline over a scorer that anyone can check by eye (token overlap), with an encoder that numbers words.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClock } from '../../src/adapters/clock/clock'
import { createOverlapScorer } from '../../src/adapters/memory/scorer'
import type { Encoder } from '../../src/core/encode'
import { answerQuestions, type PipelineDeps } from '../../src/core/pipeline'
import type { Scorer } from '../../src/core/ports'
import type { Answer, Question } from '../../src/core/types'

function wordEncoder(): Encoder {
  const ids = new Map<string, number>()
  const encode = (text: string): number[] =>
    text.split(/\s+/).map((word) => {
      if (!ids.has(word)) ids.set(word, ids.size + 10)
      return ids.get(word)!
    })
  return {
    encode: ({ prompt, options, context }) => ({
      input: {
        layout: 'shared-prefix',
        prefixIds: Int32Array.from([0, ...encode(context ?? ''), ...encode(prompt), 1]),
        contextTokens: 0,
        choiceIds: options.map((option) => Int32Array.from([0, ...encode(option), 1])),
      },
      problems: options.flatMap((option, i) =>
        option.length > 60 ? [{ code: 'option_cut' as const, detail: { tokens: 70, kept: 60 }, option: i }] : [],
      ),
    }),
  }
}
const deps = (over: Partial<PipelineDeps> = {}): PipelineDeps => ({
  encoder: wordEncoder(),
  scorer: createOverlapScorer(),
  retriever: null,
  clock: createClock(),
  ...over,
})
function question(row: number, prompt: string, options: string[], context: string | null = null): Question {
  return { row, id: String(row), prompt, options: options.map((text, i) => ({ letter: 'ABCDEFGH'[i]!, text })), context, answer: null }
}
async function answers(questions: Question[], over: Partial<PipelineDeps> = {}, passages = 0): Promise<Answer[]> {
  const given: Answer[] = []
  await answerQuestions(
    new AbortController().signal,
    questions,
    { contextWords: 95, passages, isAlsoWithContext: false },
    deps(over),
    (answer) => given.push(answer),
  )
  return given.sort((a, b) => a.index - b.index)
}

describe('the pipeline', () => {
  it('ranks the option that shares most with question and context first', async () => {
    const [answer] = await answers([question(1, 'what do bees make', ['silk thread', 'honey', 'wax cells'], 'bees build wax cells')])
    expect(answer!.ranking[0]).toBe(2)
  })
  it('answers a question with one option, or none, without asking the model', async () => {
    const given = await answers([question(1, 'a', ['only']), question(2, 'b', [])])
    expect(given.map(({ ranking, probabilities }) => ({ ranking, probabilities }))).toEqual([
      { ranking: [0], probabilities: [1] },
      { ranking: [], probabilities: [] },
    ])
  })
  it('names the letter of an option that was cut', async () => {
    const [answer] = await answers([question(1, 'a', ['short', 'x'.repeat(70)])])
    expect(answer!.problems).toEqual([{ row: 1, column: 'B', code: 'option_cut', detail: { tokens: 70, kept: 60, letter: 'B' } }])
  })
  it.each([
    [true, 'while none are scored'],
    [false, 'also while others are scored'],
  ])('prepares questions where scoring blocks the thread (%s) %s', async (isBlocking) => {
    const overlap = createOverlapScorer()
    let [isScoring, whileScoring] = [false, 0]
    const scorer: Scorer = {
      ...overlap,
      isBlocking,
      async score(...asked) {
        isScoring = true
        await new Promise((done) => setTimeout(done))
        await overlap.score(...asked)
        isScoring = false
      },
    }
    const retriever = {
      retrieve: () => {
        if (isScoring) whileScoring++
        return Promise.resolve([])
      },
    }
    const asked = Array.from({ length: 100 }, (_, i) => question(i + 1, 'a', ['b', 'c']))
    const given = await answers(asked, { scorer, retriever }, 1)
    expect([given.length, whileScoring > 0]).toEqual([100, !isBlocking])
  })
  it('looks passages up only for questions without a context of their own', async () => {
    const asked: string[] = []
    const retriever = {
      retrieve: (_: AbortSignal, { prompt }: { prompt: string }) => {
        asked.push(prompt)
        return Promise.resolve([{ id: '1', title: 't', source: 's', text: 'bees make honey', score: 1, used: true }])
      },
    }
    const given = await answers([question(1, 'with', ['a', 'b'], 'mine'), question(2, 'without', ['honey', 'milk'])], { retriever }, 1)
    expect({ asked, passages: given.map((a) => a.passages.length), first: given[1]!.ranking[0] }).toEqual({
      asked: ['without'],
      passages: [0, 1],
      first: 0,
    })
  })
  it('answers every question once, whatever their number, and each as if it stood alone', async () => {
    const word = fc.constantFrom('sun', 'moon', 'star', 'rock', 'tree', 'lake')
    const text = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '))
    const row = fc.tuple(text, fc.array(text, { maxLength: 5 }))
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 60 }), async (rows) => {
        const questions = rows.map(([prompt, options], i) => question(i + 1, prompt, options))
        const together = await answers(questions)
        const alone = (await Promise.all(questions.map((q) => answers([q])))).flat()
        expect(together).toEqual(alone)
      }),
      { numRuns: 30 },
    )
  })
  it('stops soon after its signal aborts, and what was answered stays', async () => {
    const controller = new AbortController()
    const given: number[] = []
    const questions = Array.from({ length: 500 }, (_, i) => question(i + 1, 'sun moon', ['sun', 'moon']))
    const run = answerQuestions(
      controller.signal,
      questions,
      { contextWords: 95, passages: 0, isAlsoWithContext: false },
      deps(),
      ({ index }) => {
        given.push(index)
        if (given.length === 100) controller.abort()
      },
    )
    await expect(run).rejects.toMatchObject({ code: 'aborted' })
    expect(given.length).toBe(100)
  })
})
