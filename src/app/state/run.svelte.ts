// One run over the open file: what is answered, how far it is, how it ended. The page shows nothing of a run that is not in here.
// Answers arrive many a second: they land in a plain array, and one counter tells the screen about it twenty times a second at most.
import type { Client } from '../../worker/client'
import type { AnswerSummary, LoadProgress, RunEvent, RunSettings, RunSummary } from '../../worker/protocol'
import { codeOf } from '../text'
import { Tally } from './tally'

/** pausing and stopping: the worker is finishing the questions it has begun. */
export type RunStatus = 'none' | 'running' | 'pausing' | 'paused' | 'stopped' | 'done' | 'failed'

export interface RunListeners {
  onStarted(total: number): void
  onLoad(progress: LoadProgress): void
  onEnded(summary: RunSummary): void
}

const SHOW_MS = 50
const SPEED_MS = 1_000

export class RunState {
  #client: Client
  #listeners: RunListeners
  #status = $state<RunStatus>('none')
  #runId = $state<string | null>(null)
  #settings = $state.raw<RunSettings | null>(null)
  #total = $state(0)
  #summary = $state.raw<RunSummary | null>(null)
  #error = $state.raw<unknown>(null)
  #unkept = $state.raw<{ reason: string | null } | null>(null)
  #speed = $state.raw<{ rate: number; secondsLeft: number | null }>({ rate: 0, secondsLeft: null })
  #version = $state(0)
  #answers: (AnswerSummary | undefined)[] = []
  #done = 0
  #tally = new Tally()
  #abort: AbortController | null = null
  #shownAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #speedAt = 0

  constructor(client: Client, listeners: RunListeners) {
    this.#client = client
    this.#listeners = listeners
  }
  get status(): RunStatus {
    return this.#status
  }
  get runId(): string | null {
    return this.#runId
  }
  /** What the run was asked to do, which may differ from what the next one will be. */
  get settings(): RunSettings | null {
    return this.#settings
  }
  get total(): number {
    return this.#total
  }
  /** Set once the run is stopped or done, and for a run opened from History. */
  get summary(): RunSummary | null {
    return this.#summary
  }
  get error(): unknown {
    return this.#error
  }
  /** Set once the browser keeps no more of this run: its answers are in this tab only. */
  get unkept(): { reason: string | null } | null {
    return this.#unkept
  }
  get speed(): { rate: number; secondsLeft: number | null } {
    return this.#speed
  }
  get done(): number {
    void this.#version
    return this.#done
  }
  get tally(): Tally {
    void this.#version
    return this.#tally
  }
  /** Changes whenever answers have come in. */
  get version(): number {
    return this.#version
  }
  get isBusy(): boolean {
    return this.#status === 'running' || this.#status === 'pausing'
  }
  answer(index: number): AnswerSummary | undefined {
    void this.#version
    return this.#answers[index]
  }

  /** Forgets the run on the page; what is stored stays stored. */
  reset(): void {
    this.#abort?.abort()
    this.#abort = null
    this.#status = 'none'
    this.#runId = null
    this.#settings = null
    this.#unkept = null
    this.#begin(null)
    this.#total = 0
  }
  start(settings: RunSettings, expectedTotal: number): Promise<void> {
    this.reset()
    this.#settings = settings
    this.#total = expectedTotal
    return this.#follow((options) => this.#client.call('run.start', settings, options))
  }
  resume(): Promise<void> {
    const runId = this.#runId
    if (runId === null || this.isBusy) return Promise.resolve()
    return this.#follow((options) => this.#client.call('run.resume', { runId }, options))
  }
  /** Shows a stored run; its file is the open one already. */
  show(settings: RunSettings, summary: RunSummary, answers: readonly AnswerSummary[]): void {
    this.reset()
    this.#settings = settings
    this.#runId = summary.runId
    this.#total = summary.total
    this.#add(answers)
    this.#end(summary)
  }
  /** The questions that are begun are finished first; resolves when the worker has stopped. */
  async pause(): Promise<void> {
    if (this.#status !== 'running') return
    this.#status = 'pausing'
    this.#abort?.abort()
    await this.#settled
  }
  /** Ends the run where it is. */
  async stop(): Promise<void> {
    await this.pause()
    const runId = this.#runId
    if (runId === null) return
    this.#end(await this.#client.call('run.stop', { runId }))
  }

  #settled: Promise<void> = Promise.resolve()
  #follow(
    call: (options: { signal: AbortSignal; onEvent: (event: RunEvent | LoadProgress) => void }) => Promise<RunSummary>,
  ): Promise<void> {
    const abort = new AbortController()
    this.#abort = abort
    this.#status = 'running'
    this.#error = null
    this.#summary = null
    this.#speed = { rate: 0, secondsLeft: null }
    const onEvent = (event: RunEvent | LoadProgress) => {
      if (this.#abort === abort) this.#receive(event)
    }
    this.#settled = call({ signal: abort.signal, onEvent }).then(
      (summary) => {
        if (this.#abort === abort) this.#end(summary)
      },
      (error: unknown) => {
        if (this.#abort !== abort) return
        this.#show()
        if (codeOf(error) === 'aborted') this.#status = this.#runId === null ? 'none' : 'paused'
        else {
          this.#error = error
          this.#status = 'failed'
        }
      },
    )
    return this.#settled
  }
  #receive(event: RunEvent | LoadProgress): void {
    if ('phase' in event) {
      this.#listeners.onLoad(event)
      return
    }
    if (event.kind === 'started') {
      this.#runId = event.runId
      this.#total = event.total
      this.#listeners.onStarted(event.total - event.done)
      return
    }
    if (event.kind === 'unkept') {
      this.#unkept = { reason: event.reason }
      return
    }
    this.#add(event.answers)
    const now = performance.now()
    if (now - this.#speedAt >= SPEED_MS) {
      this.#speedAt = now
      this.#speed = { rate: event.progress.rate, secondsLeft: event.progress.secondsLeft }
    }
  }
  #add(answers: readonly AnswerSummary[]): void {
    for (const answer of answers) {
      if (this.#answers[answer.index]) continue
      this.#answers[answer.index] = answer
      this.#done++
      this.#tally.add(answer)
    }
    const wait = SHOW_MS - (performance.now() - this.#shownAt)
    clearTimeout(this.#timer)
    if (wait <= 0) this.#show()
    else this.#timer = setTimeout(() => this.#show(), wait)
  }
  #show(): void {
    clearTimeout(this.#timer)
    this.#shownAt = performance.now()
    this.#version++
  }
  #begin(summary: RunSummary | null): void {
    this.#answers = []
    this.#done = 0
    this.#tally = new Tally()
    this.#summary = summary
    this.#error = null
    this.#show()
  }
  #end(summary: RunSummary): void {
    this.#show()
    this.#summary = summary
    this.#total = summary.total
    // A run that was cut off by a reload is stored as running; here it is a paused one.
    this.#status = summary.status === 'running' ? 'paused' : summary.status
    this.#listeners.onEnded(summary)
  }
}
