// One typed question. It is ranked when typing stops for 400 ms and at once on Enter; the last request wins, the former is aborted.
// Lives as long as the page, so a question survives a visit to another screen.
import { AppError } from '../../core/errors'
import type { Answer, Option } from '../../core/types'
import type { Client } from '../../worker/client'
import type { AskParams, AskResult, LoadProgress, ModelState } from '../../worker/protocol'
import { codeOf } from '../text'
import type { Settings } from './settings.svelte'
import { fillOptions, MAX_OPTIONS, MIN_OPTIONS, splitPastedOptions, splitPastedQuestion } from './paste-options'

const DEBOUNCE_MS = 400
const NEW_OPTIONS = ['', '', '', '']

/** What the screen shows of a ranking: the question as it was when it was asked. */
export interface Ranked {
  options: Option[]
  answer: Answer
  result: AskResult
  prompt: string
  hadContext: boolean
}
/** 'off', 'text' (what the visitor typed), or a library's id. */
export type Book = string

export class Ask {
  prompt = $state('')
  options = $state<string[]>([...NEW_OPTIONS])
  context = $state('')
  book = $state<Book>('off')
  /** Pasted options that did not fit. */
  dropped = $state(0)
  #ranked = $state.raw<Ranked | null>(null)
  #error = $state.raw<unknown>(null)
  #loading = $state.raw<LoadProgress | null>(null)
  #isBusy = $state(false)
  #timer: ReturnType<typeof setTimeout> | undefined
  #request: AbortController | null = null

  constructor(
    private readonly client: Client,
    private readonly settings: Settings,
    /** Told which model answered, so that the page's status line is true. */
    private readonly onModel: (model: ModelState) => void,
  ) {
    this.book = settings.run.openBook.library
  }

  get ranked(): Ranked | null {
    return this.#ranked
  }
  get error(): unknown {
    return this.#error
  }
  get loading(): LoadProgress | null {
    return this.#loading
  }
  get isBusy(): boolean {
    return this.#isBusy
  }
  get isComplete(): boolean {
    return this.prompt.trim() !== '' && this.options.filter((text) => text.trim() !== '').length >= MIN_OPTIONS
  }
  get isEmpty(): boolean {
    return [this.prompt, this.context, ...this.options].every((text) => text.trim() === '')
  }

  /** Call after every change of the question: ranks it once it is complete and typing has stopped. */
  edited(): void {
    this.#cancel()
    this.#error = null
    if (this.isComplete) this.#timer = setTimeout(() => void this.rank(), DEBOUNCE_MS)
    else this.#ranked = null
  }

  /** Ranks the question as it stands; what is missing becomes `error`. Never rejects. */
  async rank(): Promise<void> {
    this.#cancel()
    if (!this.isComplete) {
      this.#error = new AppError('question_incomplete')
      return
    }
    const request = new AbortController()
    this.#request = request
    this.#isBusy = true
    const params = this.#params()
    try {
      const result = await this.client.call('ask', params, {
        signal: request.signal,
        onEvent: (progress) => {
          if (this.#request === request) this.#loading = progress
        },
      })
      if (this.#request === request) this.#show(params, result)
    } catch (error) {
      if (this.#request === request && codeOf(error) !== 'aborted') this.#error = error
    } finally {
      if (this.#request === request) this.#settle()
    }
  }

  /** Takes several pasted options, or a whole question with marked options; false leaves the paste to the browser. */
  paste(text: string, at: number | 'prompt'): boolean {
    const pasted = at === 'prompt' ? splitPastedQuestion(text) : { prompt: this.prompt, options: splitPastedOptions(text) }
    if (pasted === null || pasted.options.length < MIN_OPTIONS) return false
    this.prompt = pasted.prompt
    const base = at === 'prompt' ? [] : $state.snapshot(this.options)
    const { options, dropped } = fillOptions(base, at === 'prompt' ? 0 : at, pasted.options)
    this.options = options
    this.dropped = dropped
    this.edited()
    return true
  }

  add(): void {
    if (this.options.length < MAX_OPTIONS) this.options.push('')
  }
  remove(at: number): void {
    this.options.splice(at, 1)
    if (this.options.length < MIN_OPTIONS) this.options.push('')
    this.edited()
  }
  /** Fills the form, for "Use an example" and for a question typed on another screen. */
  fill(question: { prompt: string; options: readonly string[]; context?: string }): void {
    this.prompt = question.prompt
    this.options = question.options.length >= MIN_OPTIONS ? [...question.options] : [...NEW_OPTIONS]
    this.context = question.context ?? ''
    if (this.context !== '') this.book = 'text'
    else if (this.book === 'text') this.book = this.settings.run.openBook.library
    this.dropped = 0
    this.edited()
  }
  clear(): void {
    this.fill({ prompt: '', options: [] })
  }

  #params(): AskParams {
    const { model, contextWords, openBook } = this.settings.run
    const isText = this.book === 'text'
    return {
      model,
      prompt: this.prompt,
      options: $state.snapshot(this.options),
      context: isText && this.context.trim() !== '' ? this.context : null,
      contextWords,
      openBook: { ...openBook, library: isText ? 'off' : this.book },
    }
  }
  #show(params: AskParams, result: AskResult): void {
    // letters name the typed fields, so a letter finds its text even where an option between is empty
    const options = result.letters.map((letter) => ({ letter, text: params.options[letter.charCodeAt(0) - 65] ?? '' }))
    this.#ranked = { options, answer: result.answer, result, prompt: params.prompt, hadContext: params.context !== null }
    this.#error = null
    this.onModel(result.model)
  }
  #cancel(): void {
    clearTimeout(this.#timer)
    this.#request?.abort()
    this.#settle()
  }
  #settle(): void {
    this.#request = null
    this.#isBusy = false
    this.#loading = null
  }
}
