// The Answer screen: a file, its rows, one run over it, and which of them the address shows.
// #answer is always the place to drop a file; #answer/mapped shows the columns; #answer/running … done the results; /row-4 opens a row.
import type { Edits, Mapping } from '../../core/dataset/types'
import { AppError } from '../../core/errors'
import type { Client } from '../../worker/client'
import type { Format, Text } from '../text'

import type { Announcer } from './announcer.svelte'
import type { Dialogs } from './dialogs.svelte'
import type { Libraries } from './library.svelte'
import type { Models } from './models.svelte'
import { OpenFileState } from './open-file.svelte'
import { rowOfRoute } from './route'
import type { Router } from './router.svelte'
import { Rows } from './rows.svelte'
import { RunState } from './run.svelte'
import { RunFiles } from './run-files'
import type { Settings } from './settings.svelte'
import { expectedRate, recordRate } from './speeds'
import { readStored, writeStored } from './stored'
import { Unfinished } from './unfinished.svelte'

const RESULT_PARTS = ['running', 'paused', 'stopped', 'done', 'failed']
const isRunId = (value: unknown): value is string => typeof value === 'string'
/** Stopping asks first when more than this is left. */
const ASK_SECONDS = 10

/** The parts of the page that the Answer screen needs. */
export interface AnswerHost {
  readonly client: Client
  readonly router: Router
  readonly announcer: Announcer
  readonly dialogs: Dialogs
  readonly settings: Settings
  readonly models: Models
  readonly libraries: Libraries
  readonly text: Text
  readonly format: Format
}

export class AnswerState {
  readonly file: OpenFileState
  readonly rows: Rows
  readonly run: RunState
  /** The files of the run on the page. */
  readonly files: RunFiles
  /** A run that a closed page left behind. */
  readonly unfinished: Unfinished
  /** A file is held over the page. */
  isFileOver = $state(false)
  #app: AnswerHost
  #restoring = $state(false)
  #isReady = $state(false)
  #quarter = 0

  constructor(app: AnswerHost) {
    this.#app = app
    this.file = new OpenFileState(app.client)
    this.rows = new Rows(app.client, (error) => this.file.fail(error))
    this.unfinished = new Unfinished(app.client)
    this.files = new RunFiles(app, () => ({ runId: this.run.runId, fileName: this.file.view?.fileName ?? '' }))
    this.run = new RunState(app.client, {
      onStarted: (total) => {
        this.#remember(this.run.runId)
        this.#say(app.text.answer.sayStarted(total, this.secondsFor(total)))
        app.models.showReady()
      },
      onLoad: (progress) => {
        if (progress.subject === 'library') app.libraries.showProgress(progress)
        else app.models.showProgress(progress)
      },
      onEnded: (summary) => {
        app.models.adopt(summary.model)
        this.rows.refresh(true)
        if (this.run.settings && summary.status === 'done') recordRate(this.run.settings, this.#hasContext, summary)
      },
    })
  }

  /** What the address shows, given what there is. */
  get view(): 'drop' | 'mapped' | 'results' {
    const part = this.#app.router.screen === 'answer' ? this.#app.router.route.parts[0] : undefined
    if (part === undefined || this.file.view === null) return 'drop'
    // The columns of a file that is being answered cannot be changed.
    return this.run.status === 'none' || (part === 'mapped' && !this.run.isBusy) ? 'mapped' : 'results'
  }
  get isDropZoneShown(): boolean {
    return this.#app.router.screen === 'answer' && this.view === 'drop'
  }
  /** The address of what is going on, for the navigation. */
  get parts(): string[] {
    if (this.file.view === null) return []
    if (this.run.status === 'none') return ['mapped']
    return [this.run.status === 'pausing' ? 'running' : this.run.status]
  }
  /** 0-based row whose drawer is open, null when none is. */
  get selected(): number | null {
    const row = this.view === 'drop' ? null : rowOfRoute(this.#app.router.route)
    return row !== null && row <= (this.file.view?.rowCount ?? 0) ? row - 1 : null
  }
  /** True once it is known whether this tab showed a run before a reload. */
  get isReady(): boolean {
    return this.#isReady && !this.#restoring
  }
  get #hasContext(): boolean {
    return (this.file.view?.contextCount ?? 0) > 0
  }
  /** From measured speed only; null until something was measured here. */
  secondsFor(questions: number): number | null {
    const rate = expectedRate(this.#app.settings.run, this.#hasContext, this.#app.models.loaded)
    return rate === null ? null : questions / rate
  }

  /** After a reload: back to the run this tab showed, or an offer to resume one that was cut off. */
  async restore(): Promise<void> {
    const part = this.#app.router.screen === 'answer' ? this.#app.router.route.parts[0] : undefined
    const last = readStored('run', isRunId, 'sessionStorage')
    try {
      if (
        part !== undefined &&
        RESULT_PARTS.includes(part) &&
        last !== null &&
        (await this.openRun(last, rowOfRoute(this.#app.router.route), true))
      )
        return
      await this.refreshUnfinished()
    } finally {
      this.#isReady = true
    }
  }
  refreshUnfinished(): Promise<void> {
    return this.unfinished.refresh(this.run.runId)
  }

  /** Reads a file and shows its columns. Asks first when a run is going on, which is then paused. */
  async openFile(name: string, blob: Blob): Promise<void> {
    const t = this.#app.text.shell
    if (this.run.isBusy) {
      const isYes = await this.#app.dialogs.confirm({
        title: t.busy,
        body: t.busyBody,
        yes: t.openAnyway,
        no: t.keepGoing,
        isDangerous: false,
      })
      if (!isYes) return
      await this.run.pause()
    }
    this.#app.router.go('answer')
    if (!(await this.file.open(name, blob))) return
    this.run.reset()
    this.rows.reset(this.file.view?.rowCount ?? 0)
    this.#app.router.go('answer', ['mapped'])
  }
  async openSample(url: string): Promise<void> {
    const name = url.split('/').at(-1) ?? url
    try {
      const response = await fetch(url)
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      await this.openFile(name, await response.blob())
    } catch (error) {
      this.file.fail(new AppError('file_unreadable', { file: name, reason: error instanceof Error ? error.message : String(error) }))
    }
  }
  async change(change: { mapping?: Mapping; edits?: Edits }): Promise<void> {
    try {
      if (!(await this.file.change(change))) return
      this.run.reset()
      this.rows.reset(this.file.view?.rowCount ?? 0)
    } catch (error) {
      this.file.fail(error)
    }
  }

  async start(): Promise<void> {
    const { file, run, rows } = this
    if (file.view === null || file.view.blocker !== null || file.view.questionCount === 0 || run.isBusy) return
    rows.reset(file.view.rowCount)
    this.#quarter = 0
    const ended = run.start(this.#app.settings.run, file.view.questionCount)
    this.#app.router.go('answer', ['running'])
    rows.refresh(true)
    await ended
    this.#app.models.showGivenUp()
    void this.#app.libraries.settle()
    this.#sayEnd()
  }
  async resume(): Promise<void> {
    this.#quarter = Math.floor((4 * this.run.done) / Math.max(1, this.run.total))
    await this.run.resume()
    this.#app.models.showGivenUp()
    void this.#app.libraries.settle()
    this.#sayEnd()
  }
  async pause(): Promise<void> {
    await this.run.pause()
    await this.refreshUnfinished()
  }
  /** Asks first when more than ten seconds of work would stop. */
  async cancel(): Promise<void> {
    const { run } = this
    const t = this.#app.text.answer
    const { secondsLeft } = run.speed
    if (run.done > 0 && (secondsLeft === null || secondsLeft > ASK_SECONDS)) {
      const isYes = await this.#app.dialogs.confirm({
        title: t.stopTitle(run.done, run.total),
        body: t.stopBody,
        yes: t.stopHere,
        no: t.keepGoing,
      })
      if (!isYes || run.status === 'done') return
    }
    try {
      await run.stop()
    } catch (error) {
      this.file.fail(error)
    }
    if (run.status === 'none') this.#app.router.go('answer', ['mapped'], true)
  }
  /** Shows a stored run, at a 1-based row if one is given. False when it is no longer stored. */
  async openRun(runId: string, row: number | null = null, isReplacing = false): Promise<boolean> {
    if (runId === this.run.runId && this.run.status !== 'none') {
      this.#show(row, isReplacing)
      return true
    }
    this.#restoring = true
    try {
      if (this.run.isBusy) await this.run.pause()
      const { file, settings, summary, answers } = await this.#app.client.call('run.open', { runId })
      this.file.adopt(file)
      this.rows.reset(file.rowCount)
      this.run.show(settings, summary, answers)
      this.#remember(runId)
      this.#show(row, isReplacing)
      await this.refreshUnfinished()
      return true
    } catch (error) {
      this.file.fail(error)
      return false
    } finally {
      this.#restoring = false
    }
  }

  /** Opens, moves or closes (null) the drawer. Opening is a step back can undo; moving along the rows is not. */
  select(index: number | null): void {
    const part = this.view === 'mapped' ? ['mapped'] : this.parts
    const isOpening = this.selected === null && index !== null
    this.#app.router.go('answer', index === null ? part : [...part, `row-${index + 1}`], !isOpening)
  }
  /** Keeps the address true when the state changed under it (running became done). */
  settleRoute(): void {
    const { router } = this.#app
    const part = router.route.parts[0]
    if (router.screen !== 'answer' || part === undefined) return
    const row = this.selected
    const rows = row === null ? [] : [`row-${row + 1}`]
    if (this.view === 'drop') router.go('answer', [], true)
    else if (this.view === 'mapped') router.go('answer', ['mapped', ...rows], true)
    else router.go('answer', [...this.parts, ...rows], true)
  }
  /** Speaks at a quarter, half and three quarters. */
  sayProgress(): void {
    const { run } = this
    if (run.status !== 'running' || run.total === 0) return
    const quarter = Math.floor((4 * run.done) / run.total)
    if (quarter <= this.#quarter || quarter >= 4) return
    this.#quarter = quarter
    this.#say(this.#app.text.answer.sayQuarter(this.#app.format.percent(quarter / 4), run.speed.secondsLeft))
  }

  #sayEnd(): void {
    const { run } = this
    const t = this.#app.text.answer
    if (run.status === 'paused') this.#say(t.pausedAt(run.done, run.total))
    if (run.status === 'done')
      this.#say(t.sayDone(run.done, run.summary?.evaluation ? this.#app.format.score(run.summary.evaluation.mapAt3.value) : null))
  }
  #show(row: number | null, isReplacing: boolean): void {
    this.#app.router.go('answer', row === null ? this.parts : [...this.parts, `row-${row}`], isReplacing)
  }
  #remember(runId: string | null): void {
    if (runId !== null) writeStored('run', runId, 'sessionStorage')
  }
  #say(message: string): void {
    this.#app.announcer.say(message)
  }
}
