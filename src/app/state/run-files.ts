// The files of the run on the page: submission.csv (saved or copied) and the full report.
import type { Client } from '../../worker/client'
import type { Text } from '../text'
import type { Announcer } from './announcer.svelte'
import { saveFile } from './save-file'

export interface RunFilesHost {
  readonly client: Client
  readonly announcer: Announcer
  readonly text: Text
}

export class RunFiles {
  constructor(
    private readonly host: RunFilesHost,
    private readonly shown: () => { runId: string | null; fileName: string },
  ) {}

  async saveSubmission(): Promise<void> {
    this.#save('submission.csv', await this.#submission())
  }
  async copySubmission(): Promise<void> {
    await navigator.clipboard.writeText(await (await this.#submission()).text())
    this.host.announcer.say(this.host.text.answer.copied)
  }
  /** Id, ranking, a probability for each option, problems. */
  async saveReport(): Promise<void> {
    const name = this.shown().fileName.replace(/\.[^.]*$/, '')
    this.#save(`${name}-report.csv`, await this.host.client.call('run.report', { runId: this.#runId }))
  }

  get #runId(): string {
    const { runId } = this.shown()
    if (runId === null) throw new Error('internal: no run to save')
    return runId
  }
  #submission(): Promise<Blob> {
    return this.host.client.call('run.submission', { runId: this.#runId })
  }
  #save(name: string, blob: Blob): void {
    saveFile(blob, name)
    this.host.announcer.say(this.host.text.answer.saySaved(name))
  }
}
