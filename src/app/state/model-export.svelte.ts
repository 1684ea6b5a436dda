// A model of the visitor's own on its way out: as one file through the browser's download, or, where the browser lets a page write into a folder that
// was picked, as the files that the command line takes. One at a time; cancelling leaves nothing behind.
import { AppError } from '../../core/errors'
import type { Progress } from '../../core/ports'
import type { Client } from '../../worker/client'
import type { ModelEntry } from '../../worker/protocol'
import { codeOf } from '../text'
import { archiveName, saveFile } from './save-file'

type Picker = (options: { id: string; mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>
interface Work {
  modelId: string
  /** null: nobody is told how far one file is. */
  progress: Progress | null
}

export class ModelExport {
  #work = $state.raw<Work | null>(null)
  #saved = $state.raw<{ modelId: string; folder: string } | null>(null)
  #failed = $state.raw<{ modelId: string; error: unknown } | null>(null)
  #abort: AbortController | null = null

  constructor(private readonly client: Client) {}

  /** Whether this browser has a way to pick a folder. */
  get hasFolders(): boolean {
    return picker() !== null
  }
  get work(): Work | null {
    return this.#work
  }
  /** The folder that was written last. */
  get saved(): { modelId: string; folder: string } | null {
    return this.#saved
  }
  get failed(): { modelId: string; error: unknown } | null {
    return this.#failed
  }

  /** Never rejects, as the other one. The name of the file; null where that failed. */
  saveTar({ modelId, title }: ModelEntry): Promise<string | null> {
    return this.#attempt(modelId, async (signal) => {
      const file = await this.client.call('models.export', { modelId }, { signal })
      const name = archiveName(title)
      saveFile(file, name)
      return name
    })
  }
  /** Asks for a folder, which the browser allows right after a click only. The name of the model's folder in it; null where nothing was written. */
  async saveFolder({ modelId }: ModelEntry): Promise<string | null> {
    return this.#attempt(modelId, async (signal) => {
      const directory = await pick()
      if (directory === null) return null
      const onEvent = (progress: Progress): void => {
        this.#work = { modelId, progress }
      }
      const { folder } = await this.client.call('models.exportFolder', { modelId, directory }, { signal, onEvent })
      this.#saved = { modelId, folder }
      return folder
    })
  }
  stop(): void {
    this.#abort?.abort()
  }

  async #attempt<T>(modelId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    if (this.#work) return null
    this.#abort = new AbortController()
    this.#work = { modelId, progress: null }
    this.#saved = null
    this.#failed = null
    try {
      return await work(this.#abort.signal)
    } catch (error) {
      if (codeOf(error) !== 'aborted') this.#failed = { modelId, error }
      return null
    } finally {
      this.#work = null
    }
  }
}

/** TypeScript does not know it; Firefox and Safari do not have it. */
const picker = (): Picker | null => (globalThis as { showDirectoryPicker?: Picker }).showDirectoryPicker ?? null

/** null where the visitor picked none. Rejects with file_unwritable where the browser forbids the one that was picked. */
async function pick(): Promise<FileSystemDirectoryHandle | null> {
  try {
    return (await picker()?.({ id: 'pagewise-models', mode: 'readwrite' })) ?? null
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
    if (error.name === 'AbortError') return null
    throw new AppError('file_unwritable', { file: 'model.json', reason: error.message || error.name })
  }
}
