// What every LibraryStore does.
import type { LibraryManifest } from '../../src/core/retrieve'
import { recordStoreCases } from './record-store'

const manifest = (title: string): LibraryManifest => ({
  format: 'pagewise-library/1',
  id: 'notes',
  title,
  licence: 'not stated',
  source: 'notes.csv',
  passages: 2,
  textBytes: 60,
  bm25: { k1: 1.2, b: 0.75 },
  files: [{ name: 'index.bin', bytes: 3, sha256: 'aa', chunkBytes: 4_194_304, chunkSha256: ['aa'] }],
})

export const libraryStoreCases = recordStoreCases('library', manifest)
