// The model that is loaded, and its loading. The last choice wins: choosing again aborts the load before it.
// Pausing a download is an abort; going on is the same call again, and the chunks that are there are not fetched again.
import type { Client } from '../../worker/client'
import type { DeviceView, LoadProgress, ModelChoice, ModelEntry, ModelState } from '../../worker/protocol'
import { codeOf } from '../text'

export type ModelStatus = 'idle' | 'loading' | 'paused' | 'ready' | 'failed'

export class Models {
  #client: Client
  #status = $state<ModelStatus>('idle')
  #entries = $state.raw<ModelEntry[]>([])
  #loaded = $state.raw<ModelState | null>(null)
  #progress = $state.raw<LoadProgress | null>(null)
  #error = $state.raw<unknown>(null)
  #device = $state.raw<DeviceView | null>(null)
  #abort: AbortController | null = null
  /** A run is loading the model, not this class: it cannot be paused from here. */
  #isBorrowed = $state(false)

  constructor(client: Client) {
    this.#client = client
  }
  get status(): ModelStatus {
    return this.#status
  }
  get entries(): ModelEntry[] {
    return this.#entries
  }
  /** The model that answers now; null until one is loaded. */
  get loaded(): ModelState | null {
    return this.#loaded
  }
  get progress(): LoadProgress | null {
    return this.#progress
  }
  get error(): unknown {
    return this.#error
  }
  /** What this device has; null until it is known. */
  get device(): DeviceView | null {
    return this.#device
  }
  entry(modelId: string): ModelEntry | undefined {
    return this.#entries.find((entry) => entry.modelId === modelId)
  }

  /** Reads the list of models and what the device has. Never rejects: a failure is in `error`. */
  async refresh(): Promise<void> {
    try {
      this.#device = await this.#client.call('device.view', null)
      this.#entries = await this.#client.call('models.list', null)
    } catch (error) {
      this.#error = error
    }
  }
  /** Never rejects: how it went is in `status` and `error`. */
  async load(choice: ModelChoice): Promise<void> {
    this.#abort?.abort()
    const abort = new AbortController()
    this.#abort = abort
    this.#status = 'loading'
    this.#isBorrowed = false
    this.#error = null
    try {
      const loaded = await this.#client.call('models.load', choice, {
        signal: abort.signal,
        onEvent: (progress) => {
          if (this.#abort === abort) this.#progress = progress
        },
      })
      if (this.#abort !== abort) return
      this.adopt(loaded)
    } catch (error) {
      if (this.#abort !== abort) return
      this.#error = error
      this.#status = codeOf(error) === 'aborted' ? 'paused' : 'failed'
    }
  }
  /** True while a download of its own can be paused. */
  get canPause(): boolean {
    return this.#status === 'loading' && this.#progress?.phase === 'fetching' && !this.#isBorrowed
  }
  pause(): void {
    this.#abort?.abort()
  }
  /** A run or a question tells which model it used: that one is loaded now. */
  adopt(loaded: ModelState): void {
    this.#loaded = loaded
    this.#progress = null
    this.#status = 'ready'
  }
  /** Something about the models went wrong outside of loading one. */
  fail(error: unknown): void {
    this.#error = error
  }
  /** The weights were deleted under it: the next question loads a model again. */
  forget(): void {
    this.#abort?.abort()
    this.#abort = null
    this.#loaded = null
    this.#progress = null
    this.#status = 'idle'
  }
  /** A run loads what it needs by itself, and shows it through the same line. */
  showProgress(progress: LoadProgress): void {
    this.#progress = progress
    if (this.#status === 'ready' || this.#status === 'loading') return
    this.#status = 'loading'
    this.#isBorrowed = true
  }
  showReady(): void {
    this.#progress = null
    this.#error = null
    this.#isBorrowed = false
    this.#status = 'ready'
  }
  /** The run that was loading the model was given up. */
  showGivenUp(): void {
    if (!this.#isBorrowed) return
    this.#isBorrowed = false
    this.#status = 'paused'
  }
}
