// The newest run that was cut off or paused, so that the page can offer to go on with it.
import type { RunRecord } from '../../core/ports'
import type { Client } from '../../worker/client'

export class Unfinished {
  #client: Client
  #run = $state.raw<RunRecord | null>(null)

  constructor(client: Client) {
    this.#client = client
  }
  get run(): RunRecord | null {
    return this.#run
  }
  /** `shown`: the run that is on the page already. */
  async refresh(shown: string | null): Promise<void> {
    const runs = await this.#client.call('run.list', null)
    const cutOff = runs.filter(({ status, id }) => (status === 'running' || status === 'paused') && id !== shown)
    this.#run = cutOff.sort((a, b) => b.createdAt - a.createdAt)[0] ?? null
  }
  /** Ends it where it is; it stays in History. */
  async discard(shown: string | null): Promise<void> {
    if (this.#run === null) return
    await this.#client.call('run.stop', { runId: this.#run.id })
    await this.refresh(shown)
  }
}
