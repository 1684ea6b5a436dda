// A library as served or stored: pack.json beside an index and the passages it numbers. Opened, it answers questions.
import { AppError, throwIfAborted } from '../errors'
import type { Retriever } from '../ports'
import type { PassageHit } from '../types'
import { Bm25, type Bm25Settings, type Hit } from './bm25'
import { openIndex } from './index-file'
import { PassageFile, type Codec, type Passage } from './passage-file'
import { termsOf } from './terms'
import type { LibraryManifest } from './types'

export const INDEX_FILE = 'index.bin'
export const PASSAGE_FILE = 'passages.bin'

/** Robertson & Zaragoza (2009) give 1.2 < k1 < 2 and 0.5 < b < 0.8; other values measured no better (libraries/README.md). */
export const BM25_SETTINGS: Bm25Settings = { k1: 1.2, b: 0.75 }

/** A passage with less than this share of the score that the question's terms could give is not read (docs/benchmarks.md). */
export const LEAST_SHARE = 0.08
/** In a smaller library it says little how many passages hold a term: every hit is read. */
const LEAST_PASSAGES = 1_000

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

  /** A hit that matches too little of the question is marked unused. Rejects with library_damaged or aborted. */
  async retrieve(signal: AbortSignal, question: { prompt: string; options: readonly string[] }, count: number): Promise<PassageHit[]> {
    throwIfAborted(signal)
    const { hits, least } = this.rank(question, count)
    return Promise.all(hits.map(async ({ passage, score }) => ({ ...(await this.passage(passage)), score, used: score >= least })))
  }

  /** Passages for words that somebody typed: what matches is shown, whatever its score. */
  async search(signal: AbortSignal, words: string, count: number): Promise<PassageHit[]> {
    throwIfAborted(signal)
    const hits = this.rankWords(words, count)
    return Promise.all(hits.map(async ({ passage, score }) => ({ ...(await this.passage(passage)), score, used: false })))
  }

  /** The best `count` passages by number; a hit below `least` matches too little of the question to be read. */
  rank(question: { prompt: string; options: readonly string[] }, count: number): { hits: Hit[]; least: number } {
    const terms = queryTermsOf(question)
    const share = this.manifest.passages < LEAST_PASSAGES ? 0 : LEAST_SHARE
    return { hits: this.#bm25.search(terms, count), least: share * this.#bm25.ceiling(terms) }
  }
  rankWords(words: string, count: number): Hit[] {
    return this.#bm25.search(termsOf(words), count)
  }
  /** Rejects with library_damaged. */
  passage(number: number): Promise<Passage> {
    return this.#passages.read(number)
  }
}
