// What the page keeps in this browser, as the browser counts it.
import type { Client } from '../../worker/client'
import type { StorageView } from '../../worker/protocol'

export class Storage {
  #view = $state.raw<StorageView | null>(null)
  #error = $state.raw<unknown>(null)

  constructor(private readonly client: Client) {}

  /** null until it is known. */
  get view(): StorageView | null {
    return this.#view
  }
  get error(): unknown {
    return this.#error
  }
  /** Never rejects: a failure is in `error`. */
  async refresh(): Promise<void> {
    await this.#try(async () => {
      this.#view = await this.client.call('storage.view', null)
    })
  }
  /** Deletes models and runs. False when the browser refused; see `error`. */
  async clear(): Promise<boolean> {
    const isDone = await this.#try(() => this.client.call('storage.clear', null))
    await this.refresh()
    return isDone
  }
  async #try(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      this.#error = null
      return true
    } catch (error) {
      this.#error = error
      return false
    }
  }
}
