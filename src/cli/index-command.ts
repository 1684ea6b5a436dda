// pagewise index: texts in, a library folder out, for --library and for any static host.
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { deflateRaw } from '../adapters/compression/deflate'
import { sha256 } from '../adapters/crypto/sha256'
import { createFolderWriter, findCorpusFiles } from '../adapters/node/corpus-files'
import { openParquet } from '../adapters/parquet/parquet'
import { AppError } from '../core/errors'
import { baseName, SHARDED_FORMAT } from '../core/retrieve'
import { indexCorpus, WHOLE_PASSAGES } from '../jobs/index-corpus'
import { embedLibraryFolder } from './embed'
import { clock } from './model'
import { createProgressLine } from './terminal'

interface IndexOptions {
  out: string
  title?: string
  licence: string
  source?: string
  textColumn?: string
  titleColumn?: string
  sharded?: boolean
  embedder?: string
}

export function addIndex(program: Command, signal: AbortSignal): void {
  program
    .command('index')
    .description('make a library of a corpus: one pack, or shards where it is too big to fetch whole')
    .argument('<corpus>', 'JSONL, CSV, TXT, Markdown, HTML or Parquet, or a folder of such files')
    .requiredOption('--out <dir>', 'folder of the library; created where it is missing')
    .option('--title <text>', "what people call it; the corpus's name where left out")
    .option('--licence <text>', 'licence of the texts, shown with every passage', 'not stated')
    .option('--source <text>', 'where the texts come from: an address or a sentence')
    .option('--text-column <name>', 'column or field of the texts; guessed where left out')
    .option('--title-column <name>', 'column or field of their titles')
    .option('--sharded', `shards also for ${WHOLE_PASSAGES.toLocaleString('en')} passages or fewer`)
    .option('--embedder <dir>', 'also make vectors with this embedder, for searching by meaning')
    .action((corpus: string, options: IndexOptions) => indexFiles(signal, corpus, options))
}

async function indexFiles(signal: AbortSignal, corpus: string, options: IndexOptions): Promise<void> {
  if (existsSync(join(options.out, 'pack.json')))
    throw new AppError('usage', { message: `${options.out} holds a library already. Choose another folder, or delete it.` })
  const files = await findCorpusFiles(corpus)
  const title = options.title ?? baseName(resolve(corpus))
  const request = {
    about: { id: basename(resolve(options.out)), title, licence: options.licence, source: options.source ?? title },
    credit: options.licence === 'not stated' ? title : `${title}, ${options.licence}`,
    columns: { text: options.textColumn ?? null, title: options.titleColumn ?? null },
    wholePassages: options.sharded ? 0 : WHOLE_PASSAGES,
  }
  const line = createProgressLine(process.stderr)
  const startedAt = clock.now()
  try {
    const deps = { write: createFolderWriter(options.out), deflate: deflateRaw, sha256, clock, openParquet }
    const manifest = await indexCorpus(signal, files, request, deps, (progress) => {
      line.show('Indexing', inMegabytes(progress))
    })
    line.end()
    const bytes = manifest.format === SHARDED_FORMAT ? manifest.bytes : manifest.files.reduce((sum, file) => sum + file.bytes, 0)
    const kind = manifest.format === SHARDED_FORMAT ? 'shards' : 'one pack'
    const seconds = ((clock.now() - startedAt) / 1000).toFixed(1)
    console.log(
      `${manifest.passages.toLocaleString('en')} passages in ${options.out} (${kind}, ${(bytes / 1e6).toFixed(1)} MB) in ${seconds} s`,
    )
  } finally {
    line.end()
  }
  if (options.embedder !== undefined) await embedLibraryFolder(signal, options.out, { embedder: options.embedder })
}

function inMegabytes<P extends { done: number; total: number; rate: number }>(progress: P): P {
  const round = (bytes: number): number => Math.round(bytes / 1e5) / 10
  return { ...progress, done: round(progress.done), total: round(progress.total), rate: progress.rate / 1e6 }
}
