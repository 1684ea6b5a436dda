// A library as served or stored: pack.json beside an index and the passages it numbers. Opened, it answers questions.
import { AppError, throwIfAborted } from '../errors'
import type { Retriever } from '../ports'
import type { ModelFile, PassageHit } from '../types'
import { Bm25, type Bm25Settings } from './bm25'
import { openIndex } from './index-file'
import { PassageFile, type Codec } from './passage-file'
import { termsOf } from './terms'

export const LIBRARY_FORMAT = 'pagewise-library/1'
export const INDEX_FILE = 'index.bin'
export const PASSAGE_FILE = 'passages.bin'

/** Robertson & Zaragoza (2009) give 1.2 < k1 < 2 and 0.5 < b < 0.8; other values measured no better (libraries/README.md). */
export const BM25_SETTINGS: Bm25Settings = { k1: 1.2, b: 0.75 }

/** pack.json: what a library is, and its files in verified chunks like those of a model. */
export interface LibraryManifest {
  format: typeof LIBRARY_FORMAT
  id: string
  title: string
  licence: string
  /** Where the texts come from: a web address or a sentence. */
  source: string
  passages: number
  /** UTF-8 bytes of the passages' texts. */
  textBytes: number
  bm25: Bm25Settings
  /** INDEX_FILE and PASSAGE_FILE. */
  files: ModelFile[]
}

/** What is looked up for a question: the terms of its prompt, twice, and those of its options. Measured in libraries/README.md. */
export function queryTermsOf(question: { prompt: string; options: readonly string[] }): string[] {
  const prompt = termsOf(question.prompt)
  return [...prompt, ...prompt, ...question.options.flatMap(termsOf)]
}

export class Library implements Retriever {
  readonly manifest: LibraryManifest
  readonly #bm25: Bm25
  readonly #passages: PassageFile

  /** `inflate` undoes raw deflate. Throws library_damaged. */
  constructor(manifest: LibraryManifest, files: { index: Uint8Array; passages: Uint8Array }, inflate: Codec) {
    const library = manifest.title
    const index = openIndex(files.index, { library, file: INDEX_FILE })
    this.manifest = manifest
    this.#bm25 = new Bm25(index, manifest.bm25)
    this.#passages = new PassageFile(files.passages, inflate, { library, file: PASSAGE_FILE })
    if (index.passages !== this.#passages.count) {
      const reason = `it numbers ${index.passages} passages, ${PASSAGE_FILE} holds ${this.#passages.count}`
      throw new AppError('library_damaged', { name: library, file: INDEX_FILE, reason })
    }
  }

  /** All hits are marked used; whoever gates them says otherwise. Rejects with library_damaged or aborted. */
  async retrieve(signal: AbortSignal, question: { prompt: string; options: readonly string[] }, count: number): Promise<PassageHit[]> {
    throwIfAborted(signal)
    const hits = this.#bm25.search(queryTermsOf(question), count)
    return Promise.all(hits.map(async ({ passage, score }) => ({ ...(await this.#passages.read(passage)), score, used: true })))
  }
}
