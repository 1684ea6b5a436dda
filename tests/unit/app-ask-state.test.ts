import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Ask } from '../../src/app/state/ask.svelte'
import type { Settings } from '../../src/app/state/settings.svelte'
import { AppError } from '../../src/core/errors'
import type { Client } from '../../src/worker/client'
import type { AskParams, AskResult, ModelState } from '../../src/worker/protocol'

interface Request {
  params: AskParams
  isAborted: boolean
  answer(): void
}
/** A worker whose answers are given by hand; it ranks the options in the order in which they stand. */
class HandWorker {
  readonly requests: Request[] = []
  readonly client = {
    call: (_name: string, params: AskParams, { signal }: { signal: AbortSignal }) =>
      new Promise((resolve, reject) => {
        const request: Request = { params, isAborted: false, answer: () => resolve(resultOf(params)) }
        this.requests.push(request)
        signal.addEventListener('abort', () => {
          request.isAborted = true
          reject(new AppError('aborted'))
        })
      }),
  } as unknown as Client
}
function resultOf({ options }: AskParams): AskResult {
  const letters = options.flatMap((text, i) => (text.trim() === '' ? [] : [String.fromCharCode(65 + i)]))
  const shares = letters.map(() => 1 / letters.length)
  const answer = {
    index: 0,
    ranking: letters.map((_, i) => i),
    logits: shares,
    probabilities: shares,
    closedProbabilities: null,
    passages: [],
    problems: [],
  }
  return { letters, answer, seconds: 0.1, retrievalSeconds: 0, model: {} as ModelState }
}
const settings = {
  run: {
    model: { modelId: 'default', precision: 'q8', device: 'auto', arithmetic: 'float', workers: 0 },
    topK: 3,
    contextWords: 95,
    openBook: { library: 'off', passages: 3, isAlsoWithContext: false },
  },
} as unknown as Settings

describe('one typed question', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  function begin() {
    const worker = new HandWorker()
    const ask = new Ask(worker.client, settings, () => undefined)
    ask.prompt = 'Which is a metal?'
    ask.options = ['iron', 'neon', '']
    return { worker, ask }
  }

  it('is asked when typing has stopped for 400 ms, once', () => {
    const { worker, ask } = begin()
    ask.edited()
    vi.advanceTimersByTime(300)
    ask.edited()
    vi.advanceTimersByTime(399)
    expect(worker.requests).toHaveLength(0)
    vi.advanceTimersByTime(1)
    expect(worker.requests).toHaveLength(1)
  })
  it('is asked at once on Enter, and not again when the typing pause is over', () => {
    const { worker, ask } = begin()
    ask.edited()
    void ask.rank()
    vi.advanceTimersByTime(1_000)
    expect(worker.requests).toHaveLength(1)
  })
  it('aborts the former request, whose answer is not shown', async () => {
    const { worker, ask } = begin()
    const first = ask.rank()
    ask.prompt = 'Which is a gas?'
    const second = ask.rank()
    expect(worker.requests[0]?.isAborted).toBe(true)
    worker.requests[1]?.answer()
    await Promise.all([first, second])
    expect({ shown: ask.ranked?.prompt, isBusy: ask.isBusy, error: ask.error }).toEqual({
      shown: 'Which is a gas?',
      isBusy: false,
      error: null,
    })
  })
  it('keeps the letters of the fields when an option between is empty', async () => {
    const { worker, ask } = begin()
    ask.options = ['iron', '', 'neon']
    const ranked = ask.rank()
    worker.requests[0]?.answer()
    await ranked
    expect(ask.ranked?.options).toEqual([
      { letter: 'A', text: 'iron' },
      { letter: 'C', text: 'neon' },
    ])
  })
  it('says what is missing on Enter, and nothing while it is typed', () => {
    const { worker, ask } = begin()
    ask.options = ['iron', '']
    ask.edited()
    vi.advanceTimersByTime(1_000)
    expect(ask.error).toBeNull()
    void ask.rank()
    expect(ask.error).toEqual(new AppError('question_incomplete'))
    expect(worker.requests).toHaveLength(0)
  })
  it('sends the text only while it is chosen', () => {
    const { worker, ask } = begin()
    ask.context = 'Iron is a metal.'
    void ask.rank()
    ask.book = 'text'
    void ask.rank()
    expect(worker.requests.map(({ params }) => params.context)).toEqual([null, 'Iron is a metal.'])
  })
  it('fills the options from a paste of several lines', () => {
    const { ask } = begin()
    ask.paste('zinc\nargon', 1)
    expect(ask.options).toEqual(['iron', 'zinc', 'argon'])
  })
  it('leaves a paste of one line to the field', () => {
    const { ask } = begin()
    expect(ask.paste('zinc', 1)).toBe(false)
  })
  it('never has fewer than two fields', () => {
    const { ask } = begin()
    ask.options = ['iron', 'neon']
    ask.remove(0)
    expect(ask.options).toEqual(['neon', ''])
  })
})
