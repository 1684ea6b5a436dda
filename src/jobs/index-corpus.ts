// Files -> a library folder that any static host serves. Texts go through as they are read; in memory stay the postings, compressed, and of a
// small corpus its passages, until it is known whether it becomes one pack that is fetched whole or shards of which a question fetches a
// few. pack.json is written last: a folder without it is unfinished.
import { AppError, throwIfAborted } from '../core/errors'
import type { Clock, Progress, Sha256 } from '../core/ports'
import {
  BM25_SETTINGS,
  guessColumns,
  INDEX_FILE,
  IndexBuilder,
  LIBRARY_FORMAT,
  lookInside,
  PASSAGE_FILE,
  PassageFileBuilder,
  readCorpus,
  SHARD_SETTINGS,
  splitPassages,
  type Codec,
  type CorpusColumns,
  type CorpusFile,
  type CorpusKind,
  type LibraryManifest,
  type OpenParquet,
  type Passage,
  type ShardedManifest,
  type ShardSettings,
} from '../core/retrieve'
import type { ModelFile } from '../core/types'
import { describeFile } from './chunks'
import { corpusParts, headOf, kindOfAny } from './index-corpus-parts'
import { BlockWriter, finishShards } from './index-corpus-shards'
import { createMeter } from './progress'

/** Puts a file into the library's folder; `name` may hold one slash. */
export type WriteFile = (name: string, bytes: Uint8Array) => Promise<void>

export interface IndexRequest {
  /** What the library says of itself. Every passage shows `credit`. */
  about: { id: string; title: string; licence: string; source: string }
  credit: string
  columns: CorpusColumns
  /** More passages than these become shards; 0: any number does. */
  wholePassages: number
  shards?: ShardSettings
}
export interface IndexDeps {
  write: WriteFile
  deflate: Codec
  sha256: Sha256
  clock: Clock
  openParquet: OpenParquet
}
/** A pack that is fetched whole has at most so many passages: its index is some 7 MB and its texts some 20. */
export const WHOLE_PASSAGES = 100_000
const BREATH_MS = 40

/** Progress is in bytes of the files. Rejects with corpus_empty, corpus_column, corpus_json, corpus_binary, file_too_large, aborted, … */
export async function indexCorpus(
  signal: AbortSignal,
  files: readonly CorpusFile[],
  request: IndexRequest,
  deps: IndexDeps,
  onProgress: (progress: Progress) => void,
): Promise<LibraryManifest | ShardedManifest> {
  const encoder = new TextEncoder()
  const index = new IndexBuilder()
  let waiting: Passage[] = []
  let blocks: BlockWriter | null = null
  let textBytes = 0
  for await (const passage of passagesOf(signal, files, request, deps, onProgress)) {
    index.add(passage.text)
    textBytes += encoder.encode(passage.text).length
    if (blocks) await blocks.add(passage)
    else waiting.push(passage)
    if (waiting.length > request.wholePassages) {
      blocks = new BlockWriter(deps)
      for (const kept of waiting) await blocks.add(kept)
      waiting = []
    }
  }
  const passages = index.lengths.length
  if (passages === 0) throw new AppError('corpus_empty', { files: files.map((file) => file.name).slice(0, 3).join(', ') }) // prettier-ignore
  const about = { ...request.about, passages, textBytes, bm25: BM25_SETTINGS }
  const manifest = blocks
    ? await finishShards(signal, about, index, await blocks.finish(), request.shards ?? SHARD_SETTINGS, deps)
    : await finishWhole(about, index, waiting, deps)
  await deps.write('pack.json', encoder.encode(`${JSON.stringify(manifest, null, 1)}\n`))
  return manifest
}

async function* passagesOf(
  signal: AbortSignal,
  files: readonly CorpusFile[],
  { credit, columns: wanted }: IndexRequest,
  { clock, openParquet }: IndexDeps,
  onProgress: (progress: Progress) => void,
): AsyncGenerator<Passage> {
  const meter = createMeter(clock)
  const total = files.reduce((sum, file) => sum + file.bytes, 0)
  let before = 0
  let number = 0
  let breathedAt = clock.now()
  for (const file of files) {
    const kind = await kindOfAny(file)
    const columns = wanted.title === null ? { ...wanted, title: await guessTitle(file, kind, openParquet) } : wanted
    let readBefore = 0
    for await (const { part, read } of corpusParts(file, kind)) {
      for await (const { title, text, share } of readCorpus(part, kind, columns, openParquet)) {
        for (const piece of splitPassages(text)) yield { id: String(++number), title, source: credit, text: piece }
        if (clock.now() - breathedAt < BREATH_MS) continue
        await clock.breathe()
        throwIfAborted(signal)
        onProgress(meter(before + readBefore + share * (read - readBefore), total))
        breathedAt = clock.now()
      }
      readBefore = read
    }
    before += file.bytes
    onProgress(meter(before, total))
  }
}

/** The column of a table that its name says holds titles. */
async function guessTitle(file: CorpusFile, kind: CorpusKind, openParquet: OpenParquet): Promise<string | null> {
  const { columns, rows } = await lookInside(kind === 'parquet' ? file : headOf(file), kind, openParquet)
  return guessColumns(columns, rows).title
}

async function finishWhole(
  about: Omit<LibraryManifest, 'format' | 'files'>,
  index: IndexBuilder,
  passages: readonly Passage[],
  { write, deflate, sha256 }: IndexDeps,
): Promise<LibraryManifest> {
  const file = new PassageFileBuilder(deflate)
  for (const passage of passages) await file.add(passage)
  const files: ModelFile[] = []
  for (const [name, bytes] of [
    [INDEX_FILE, index.finish()],
    [PASSAGE_FILE, await file.finish()],
  ] as const) {
    // prettier-ignore
    await write(name, bytes)
    files.push(await describeFile(name, bytes, sha256))
  }
  return { format: LIBRARY_FORMAT, ...about, files }
}
