// Indexes a visitor's files into a library: documents -> passages -> index and passage file. Memory holds one file as text and the two
// files that grow; an abort gets through between any two documents and leaves nothing behind, because nothing is stored before the end.
import { AppError, throwIfAborted } from '../core/errors'
import type { Clock } from '../core/ports'
import {
  CORPUS_MEGABYTES,
  corpusKind,
  IndexBuilder,
  PassageFileBuilder,
  readCorpus,
  splitPassages,
  type Codec,
  type CorpusColumns,
  type CorpusFile,
  type CorpusKind,
  type OpenParquet,
} from '../core/retrieve'

const BREATH_MS = 50
const REPORT_MS = 100

export interface IndexingProgress {
  /** 0-based number of the file, and how much of it is done, 0 … 1. */
  file: number
  share: number
  /** Bytes of all files. */
  done: number
  total: number
}
export interface IndexedCorpus {
  index: Uint8Array<ArrayBuffer>
  passages: Uint8Array<ArrayBuffer>
  passageCount: number
  /** UTF-8 bytes of the passages' texts. */
  textBytes: number
}
export interface IndexingDeps {
  clock: Clock
  /** Raw deflate. */
  deflate: Codec
  openParquet: OpenParquet
  /** Awaited between two pieces of work: resolves when the work may go on. */
  mayGoOn?: (signal: AbortSignal) => Promise<void>
}

/** `idPrefix`: passages are named prefix-1, prefix-2 … Rejects with corpus_empty, corpus_too_large, what readCorpus throws, aborted. */
export async function indexCorpus(
  signal: AbortSignal,
  files: readonly CorpusFile[],
  columns: CorpusColumns,
  idPrefix: string,
  { clock, deflate, openParquet, mayGoOn }: IndexingDeps,
  onProgress: (progress: IndexingProgress) => void,
): Promise<IndexedCorpus> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const limit = CORPUS_MEGABYTES.total
  if (files.length > 1 && total > limit * 1e6) throw new AppError('corpus_too_large', { megabytes: Math.ceil(total / 1e6), limit })
  const kinds: CorpusKind[] = []
  for (const file of files) kinds.push(await corpusKind(file))
  const index = new IndexBuilder()
  const passages = new PassageFileBuilder(deflate)
  let passageCount = 0
  let textBytes = 0
  let before = 0
  let breathedAt = clock.now()
  let reportedAt = -Infinity
  for (const [number, file] of files.entries()) {
    for await (const { title, source, text, share } of readCorpus(file, kinds[number]!, columns, openParquet)) {
      for (const passage of splitPassages(text)) {
        passageCount += 1
        textBytes += new TextEncoder().encode(passage).length
        index.add(passage)
        await passages.add({ id: `${idPrefix}-${passageCount}`, title, source, text: passage })
      }
      throwIfAborted(signal)
      const now = clock.now()
      if (now - reportedAt > REPORT_MS) {
        onProgress({ file: number, share, done: before + Math.round(share * file.bytes), total })
        reportedAt = now
      }
      if (now - breathedAt > BREATH_MS) {
        await clock.breathe()
        await mayGoOn?.(signal)
        breathedAt = clock.now()
      }
    }
    before += file.bytes
    onProgress({ file: number, share: 1, done: before, total })
  }
  throwIfAborted(signal)
  if (passageCount === 0) throw new AppError('corpus_empty', { files: namesOf(files) })
  return { index: index.finish(), passages: await passages.finish(), passageCount, textBytes }
}

function namesOf(files: readonly CorpusFile[]): string {
  const names = files.slice(0, 3).map(({ name }) => name)
  return files.length > 3 ? `${names.join(', ')} …` : names.join(', ')
}
