// What a library says of itself.
import type { ModelFile } from '../types'
import type { Bm25Settings } from './bm25'

export const LIBRARY_FORMAT = 'pagewise-library/1'

/** What every pack.json says. */
export interface LibraryAbout {
  id: string
  title: string
  licence: string
  /** Where the texts come from: a web address or a sentence. */
  source: string
  passages: number
  /** UTF-8 bytes of the passages' texts. */
  textBytes: number
  bm25: Bm25Settings
}
/** pack.json: what a library is, and its files in verified chunks like those of a model. */
export interface LibraryManifest extends LibraryAbout {
  format: typeof LIBRARY_FORMAT
  /** INDEX_FILE and PASSAGE_FILE. */
  files: ModelFile[]
}

/** What a pack says where nobody stated a licence: one of the visitor's own files. */
export const NO_LICENCE = 'not stated'
