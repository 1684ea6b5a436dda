// The visitor's own models: on their way in (looked at, compiled), and what can be done with those that are there. Cancelling leaves nothing
// behind and the choice as it was; a deleted one leaves the list at once and the store eight seconds later, unless it is taken back.
import type { Precision } from '../../core/types'
import type { Client } from '../../worker/client'
import type { LoadProgress, ModelChoice, ModelEntry, ModelProgress, ModelSource, ModelView } from '../../worker/protocol'
import { codeOf } from '../text'
import type { NamedFile } from './dropped-files'
import { recordSpeed } from './speeds'

/** none: nothing chosen; inspecting; chosen: ready to be made; working: compiling or taking in. */
export type OwnModelsStatus = 'none' | 'inspecting' | 'chosen' | 'working'

export class OwnModels {
  title = $state('')
  precision = $state<Precision>('q8')
  /** Of a question with one option. */
  maxTokens = $state(0)
  address = $state('')
  #status = $state<OwnModelsStatus>('none')
  #view = $state.raw<ModelView | null>(null)
  #progress = $state.raw<ModelProgress | null>(null)
  #added = $state.raw<ModelEntry | null>(null)
  #error = $state.raw<unknown>(null)
  #hidden = $state.raw<readonly string[]>([])
  #measuring = $state<string | null>(null)
  #measured = $state(0)
  #source: ModelSource | null = null
  #work: AbortController | null = null

  constructor(
    private readonly client: Client,
    /** Called when the list of models or what is stored has changed. */
    private readonly onChange: () => Promise<void>,
  ) {}
  get status(): OwnModelsStatus {
    return this.#status
  }
  /** What was chosen; null until it is looked at. */
  get view(): ModelView | null {
    return this.#view
  }
  get progress(): ModelProgress | null {
    return this.#progress
  }
  /** The model that was made last. */
  get added(): ModelEntry | null {
    return this.#added
  }
  get error(): unknown {
    return this.#error
  }
  /** Bytes of the weights that would be stored. */
  get needs(): number {
    const { sizes = [], kind } = this.#view ?? {}
    if (kind === 'folder') return sizes.reduce((sum, { bytes }) => sum + bytes, 0)
    return (sizes.find(({ precision }) => precision === this.precision) ?? sizes[0])?.bytes ?? 0
  }
  /** The model whose speed is being measured. */
  get measuring(): string | null {
    return this.#measuring
  }
  /** Grows with every measurement. */
  get measured(): number {
    return this.#measured
  }
  isHidden(modelId: string): boolean {
    return this.#hidden.includes(modelId)
  }

  /** Never rejects: a failure is in `error`. So do the others. */
  open(files: readonly NamedFile[]): Promise<void> {
    return files.length === 0 ? Promise.resolve() : this.#inspect({ files: files.map(({ name, blob }) => ({ name, blob })) })
  }
  /** Fetches what the address holds; what arrived before a failure is not fetched again. */
  openAddress(): Promise<void> {
    const address = this.address.trim()
    return address === '' ? Promise.resolve() : this.#inspect({ address })
  }
  async add(): Promise<void> {
    const [source, view] = [this.#source, this.#view]
    if (!source || !view || this.#status !== 'chosen') return
    const isOpen = view.kind === 'checkpoint'
    const params = {
      source,
      title: this.title,
      precision: isOpen ? this.precision : null,
      maxTokens: view.kind === 'folder' || this.maxTokens === view.tokens.usual ? null : this.maxTokens,
    }
    this.#status = 'working'
    const entry = await this.#attempt((signal) => this.client.call('models.add', params, { signal, onEvent: this.#show }))
    if (entry) {
      this.#letGo()
      this.address = ''
      this.#added = entry
    } else this.#status = 'chosen'
    await this.onChange()
  }
  /** Ends what is going on: compiling goes back to what was chosen, fetching deletes what it fetched. */
  stop(): void {
    this.#work?.abort()
  }
  /** Lets go of what was chosen. */
  async cancel(): Promise<void> {
    const source = this.#source
    this.#letGo()
    this.#error = null
    if (source && 'address' in source) await this.#try(() => this.client.call('models.letGo', source))
  }
  fail(error: unknown): void {
    this.#error = error
  }

  async rename(modelId: string, title: string): Promise<void> {
    await this.#try(() => this.client.call('models.rename', { modelId, title }))
    await this.onChange()
  }
  hide(modelId: string): void {
    this.#hidden = [...this.#hidden, modelId]
    if (this.#added?.modelId === modelId) this.#added = null
  }
  restore(modelId: string): void {
    this.#hidden = this.#hidden.filter((hidden) => hidden !== modelId)
  }
  /** Deletes for good. */
  async remove(modelId: string): Promise<void> {
    await this.#try(() => this.client.call('models.remove', { modelId }))
    await this.onChange()
    this.restore(modelId)
  }
  /** Loads the model and answers with it for a second or two. */
  async measure(choice: ModelChoice, onProgress: (progress: LoadProgress) => void): Promise<void> {
    this.#measuring = choice.modelId
    const speed = await this.#try(() => this.client.call('models.measure', choice, { onEvent: onProgress }))
    this.#measuring = null
    if (!speed) return
    recordSpeed(choice, speed)
    this.#measured++
  }

  async #inspect(source: ModelSource): Promise<void> {
    if (this.#status === 'working') return
    if (this.#source) await this.cancel()
    this.#status = 'inspecting'
    const abort = new AbortController()
    const view = await this.#attempt((signal) => this.client.call('models.inspect', source, { signal, onEvent: this.#show }), abort)
    if (abort.signal.aborted && 'address' in source) await this.client.call('models.letGo', source).catch(() => undefined)
    if (this.#work !== abort) return // something else was chosen meanwhile
    if (view === null) {
      this.#status = 'none'
      return
    }
    this.#status = 'chosen'
    this.#source = source
    this.#view = view
    this.title = view.title
    this.precision = view.sizes[0]?.precision ?? 'q8'
    this.maxTokens = view.tokens.usual
  }
  #letGo(): void {
    this.#source = null
    this.#view = null
    this.#progress = null
    this.#status = 'none'
  }
  readonly #show = (progress: ModelProgress): void => {
    this.#progress = progress
  }
  /** Something on its way in; it takes the place of what was. */
  #attempt<T>(work: (signal: AbortSignal) => Promise<T>, abort = new AbortController()): Promise<T | null> {
    this.#work?.abort()
    this.#work = abort
    this.#added = null
    this.#progress = null
    return this.#try(() => work(abort.signal))
  }
  async #try<T>(work: () => Promise<T>): Promise<T | null> {
    this.#error = null
    try {
      return await work()
    } catch (error) {
      if (codeOf(error) !== 'aborted') this.#error = error
      return null
    }
  }
}
