// What the page keeps in this browser, as the browser counts it.
import type { Client } from '../../worker/client'
import type { StorageView } from '../../worker/protocol'
import { Attempt } from './attempt.svelte'

export class Storage {
  #view = $state.raw<StorageView | null>(null)
  readonly #reading = new Attempt()
  readonly #clearing = new Attempt()

  constructor(private readonly client: Client) {}

  /** null until it is known. */
  get view(): StorageView | null {
    return this.#view
  }
  get error(): unknown {
    return this.#clearing.error ?? this.#reading.error
  }
  /** Never rejects: a failure is in `error`. */
  async refresh(): Promise<void> {
    await this.#reading.run(async () => {
      this.#view = await this.client.call('storage.view', null)
    })
  }
  /** Deletes models and runs. False when the browser refused; see `error`. */
  async clear(): Promise<boolean> {
    const isDone = await this.#clearing.run(() => this.client.call('storage.clear', null))
    await this.refresh()
    return isDone
  }
}
