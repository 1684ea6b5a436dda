// Everything the page knows, in one object that components reach through a context. Each part is a class of its own.
import { createContext } from 'svelte'
import type { Client } from '../../worker/client'
import type { ModelChoice } from '../../worker/protocol'
import type { Format, Text } from '../text'
import { Announcer } from './announcer.svelte'
import { AnswerState } from './answer.svelte'
import { Ask } from './ask.svelte'
import { Dialogs } from './dialogs.svelte'
import { Evaluate } from './evaluate.svelte'
import { History } from './history.svelte'
import { Libraries } from './library.svelte'
import { ModelExport } from './model-export.svelte'
import { Models } from './models.svelte'
import { OwnModels } from './own-models.svelte'
import { Preferences } from './preferences.svelte'
import { Router } from './router.svelte'
import { SelfCheck } from './self-check.svelte'
import { Settings } from './settings.svelte'
import { Storage } from './storage.svelte'

export class App {
  readonly preferences = new Preferences()
  readonly router = new Router()
  readonly announcer = new Announcer()
  readonly dialogs = new Dialogs()
  readonly settings = new Settings()
  readonly models: Models
  readonly ownModels: OwnModels
  readonly modelExport: ModelExport
  readonly answer: AnswerState
  readonly ask: Ask
  readonly evaluate: Evaluate
  readonly history: History
  readonly libraries: Libraries
  readonly storage: Storage
  readonly selfCheck: SelfCheck
  /** A question typed on the Answer screen, on its way to Ask. */
  draftQuestion = $state('')

  constructor(readonly client: Client) {
    this.models = new Models(client)
    this.ownModels = new OwnModels(client, async () => {
      await Promise.all([this.models.refresh(), this.storage.refresh()])
      this.#checkChoice()
    })
    this.modelExport = new ModelExport(client)
    this.libraries = new Libraries(client, (ids) => this.#checkLibrary(ids))
    this.answer = new AnswerState(this)
    this.ask = new Ask(client, this.settings, (model) => this.models.adopt(model))
    this.evaluate = new Evaluate(client)
    this.history = new History(client)
    this.storage = new Storage(client)
    this.selfCheck = new SelfCheck(client)
  }
  /** Once the first picture stands: the list of models, the run this tab showed, then the model itself. Failures are shown, never thrown. */
  async start(): Promise<void> {
    const restored = this.answer.restore().catch((error: unknown) => {
      this.answer.file.fail(error)
    })
    await Promise.all([this.models.refresh(), this.libraries.refresh()])
    this.#checkChoice()
    await restored
    if (!this.answer.run.isBusy) await this.models.load(this.settings.model)
  }
  /** Changes the model of coming runs and loads it, unless a run needs the present one: the next run loads it then. */
  chooseModel(change: Partial<ModelChoice>): void {
    this.settings.changeModel(change)
    this.#checkChoice()
    if (!this.answer.run.isBusy) void this.models.load(this.settings.model)
  }
  /** The title of the chosen model where it is one of the visitor's own; null for the embedded one. */
  get ownModel(): string | null {
    const entry = this.models.entry(this.settings.model.modelId)
    return entry && !entry.isEmbedded ? entry.title : null
  }
  /** Deletes runs for good; the Answer screen lets go of one that it shows. Never rejects: a failure is in `history.error`. */
  async deleteRuns(ids: readonly string[]): Promise<void> {
    await this.history.delete(ids)
    await this.forgetRuns(ids)
  }
  /** These runs are no longer stored. */
  async forgetRuns(ids: readonly string[]): Promise<void> {
    const { run, unfinished } = this.answer
    if (run.runId !== null && ids.includes(run.runId)) run.reset()
    await unfinished.refresh(run.runId).catch((error: unknown) => this.history.fail(error))
  }
  /** A choice kept from a former visit may name what is no longer there. */
  #checkChoice(): void {
    const { modelId, precision } = this.settings.model
    const entry = this.models.entry(modelId) ?? this.models.entries[0]
    if (entry === undefined) return
    const isThere = entry.precisions.some((offered) => offered.precision === precision)
    const first = entry.precisions[0]?.precision ?? precision
    if (entry.modelId !== modelId || !isThere) this.settings.changeModel({ modelId: entry.modelId, precision: isThere ? precision : first })
  }
  /** A library chosen before may have been deleted since. */
  #checkLibrary(ids: readonly string[]): void {
    const isGone = (id: string): boolean => id !== 'off' && id !== 'text' && !ids.includes(id)
    const fallback = ids[0] ?? 'off'
    if (isGone(this.settings.run.openBook.library)) this.settings.changeOpenBook({ library: fallback })
    if (isGone(this.ask.book)) this.ask.book = fallback
  }
  get text(): Text {
    return this.preferences.text
  }
  get format(): Format {
    return this.preferences.format
  }
}

export const [getApp, setApp] = createContext<App>()
