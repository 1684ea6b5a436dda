// One question at a time to the visitor (yes or no), and deletions that can be taken back for eight seconds.
export interface Question {
  title: string
  body: string
  yes: string
  no: string
  isDangerous?: boolean
}
interface OpenQuestion extends Question {
  answer(isYes: boolean): void
}
interface Deletion {
  message: string
  commit(): void
  restore(): void
}

const UNDO_MS = 8_000

export class Dialogs {
  #open = $state.raw<OpenQuestion | null>(null)
  #deletion = $state.raw<Deletion | null>(null)
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    addEventListener('pagehide', () => {
      this.#commit()
    })
  }
  get open(): OpenQuestion | null {
    return this.#open
  }
  get deletion(): Deletion | null {
    return this.#deletion
  }
  /** Resolves to true for yes; false for no, Escape, or when another question takes its place. */
  confirm(question: Question): Promise<boolean> {
    this.#open?.answer(false)
    return new Promise((resolve) => {
      this.#open = {
        ...question,
        answer: (isYes) => {
          this.#open = null
          resolve(isYes)
        },
      }
    })
  }
  /** Hide the thing first, then call this: `commit` deletes it after eight seconds, `restore` shows it again when the visitor undoes. */
  offerUndo(message: string, commit: () => void, restore: () => void): void {
    this.#commit()
    this.#deletion = { message, commit, restore }
    this.#timer = setTimeout(() => {
      this.#commit()
    }, UNDO_MS)
  }
  undo(): void {
    const deletion = this.#deletion
    clearTimeout(this.#timer)
    this.#deletion = null
    deletion?.restore()
  }
  #commit(): void {
    const deletion = this.#deletion
    clearTimeout(this.#timer)
    this.#deletion = null
    deletion?.commit()
  }
}
