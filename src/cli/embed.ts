// pagewise embed: vectors of a library, made with an embedder that lies in a folder, and the library opened with them. They lie in vectors/
// of the library's folder, or of the one that --vectors names.
import { basename, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { sha256 } from '../adapters/crypto/sha256'
import { createFolderChunkStore } from '../adapters/node/chunk-store'
import { openDirectorySource } from '../adapters/node/source'
import { openNodeEmbedder } from '../adapters/transformers/node'
import { AppError } from '../core/errors'
import type { Embedder, Retriever } from '../core/ports'
import { HybridLibrary, Library, PASSAGE_FILE, type EmbedderManifest } from '../core/retrieve'
import { embedLibrary } from '../jobs/embed-library'
import { readEmbedderSettings } from '../jobs/embedder-folder'
import { describeEmbedder } from '../jobs/embedder-store'
import { VectorStore } from '../jobs/vector-store'
import { libraryFolder, openNamedLibrary } from './library'
import { clock } from './model'
import { createProgressLine } from './terminal'

interface EmbedOptions {
  embedder: string
  vectors?: string
  queryPrefix?: string
  passagePrefix?: string
}

export function addEmbed(program: Command, signal: AbortSignal): void {
  program
    .command('embed')
    .description('make vectors of a library, so that --embedder can search it by meaning; goes on where it was interrupted')
    .argument('<library>', 'openstax, or a library folder')
    .requiredOption('--embedder <dir>', 'a sentence-transformers folder with onnx/model.onnx')
    .option('--vectors <dir>', "folder that gets vectors/; the library's own where left out")
    .option('--query-prefix <text>', "written before a question; what the embedder's folder says where left out")
    .option('--passage-prefix <text>', "written before a passage; what the embedder's folder says where left out")
    .action((library: string, options: EmbedOptions) => embedLibraryFolder(signal, library, options))
}

/** Throws library_unknown, vectors_in_shards, embedder_file_missing, embedder_unsupported, embedder_failed, file_unwritable, aborted. */
export async function embedLibraryFolder(signal: AbortSignal, name: string, options: EmbedOptions): Promise<void> {
  const library = await openWhole(signal, name)
  const { embedder, manifest } = await openEmbedderFolder(signal, options.embedder)
  const { id: embedderId, title: embedderTitle, dimensions, settings } = manifest
  const { passages } = library.manifest
  const made = {
    embedderId,
    embedderTitle,
    dimensions,
    queryPrefix: options.queryPrefix ?? settings.queryPrefix,
    passagePrefix: options.passagePrefix ?? settings.passagePrefix,
    passages,
    passagesSha256: passagesSha256(library),
  }
  const line = createProgressLine(process.stderr)
  const startedAt = clock.now()
  const { store, place } = vectorStore(name, library, options.vectors)
  try {
    const read = async (number: number): Promise<string> => (await library.passage(number)).text
    await embedLibrary(signal, { made, read }, { embedder, store, clock }, (progress) => {
      line.show('Embedding', progress)
    })
  } finally {
    line.end()
    await embedder.close()
  }
  const megabytes = ((passages * (dimensions + 4)) / 1e6).toFixed(1)
  const seconds = ((clock.now() - startedAt) / 1000).toFixed(1)
  console.log(`${passages.toLocaleString('en')} vectors of ${dimensions} numbers in ${place} (${megabytes} MB) in ${seconds} s`)
}

/** The library that --library names; with --embedder, searched by its vectors too. null for `off`. Throws vectors_missing, vectors_stale. */
export async function openSearchedLibrary(
  signal: AbortSignal,
  options: { library: string; embedder?: string; vectors?: string },
): Promise<Retriever | null> {
  const { library: name } = options
  if (options.embedder === undefined || name === 'off') return openNamedLibrary(signal, name)
  const library = await openWhole(signal, name)
  const { title } = library.manifest
  const { store } = vectorStore(name, library, options.vectors)
  const vectors = await store.manifest()
  if (!vectors || (await store.countRows(vectors)) < vectors.passages) throw new AppError('vectors_missing', { name: title })
  const { embedder, manifest } = await openEmbedderFolder(signal, options.embedder)
  if (vectors.passagesSha256 !== passagesSha256(library)) throw new AppError('vectors_stale', { name: title, reason: 'other passages' })
  if (vectors.embedderId !== manifest.id) throw new AppError('vectors_stale', { name: title, reason: vectors.embedderTitle })
  return new HybridLibrary({ library, vectors: store.blocks(vectors), embedder, queryPrefix: vectors.queryPrefix })
}

async function openWhole(signal: AbortSignal, name: string): Promise<Library> {
  const library = await openNamedLibrary(signal, name)
  if (library === null) throw new AppError('usage', { message: 'Name a library: openstax, or a library folder.' })
  if (!(library instanceof Library)) throw new AppError('vectors_in_shards', { name: library.manifest.title })
  return library
}

async function openEmbedderFolder(signal: AbortSignal, folder: string): Promise<{ embedder: Embedder; manifest: EmbedderManifest }> {
  const title = basename(resolve(folder))
  const source = { ...openDirectorySource(folder), place: title }
  const settings = await readEmbedderSettings(signal, source)
  const embedder = await openNodeEmbedder(signal, { source, settings })
  return { embedder, manifest: await describeEmbedder(signal, source, { title, dimensions: embedder.dimensions, settings }, sha256) }
}

function vectorStore(name: string, library: Library, vectors?: string): { store: VectorStore; place: string } {
  const folder = resolve(vectors ?? libraryFolder(name))
  return { store: new VectorStore(createFolderChunkStore(folder), 'vectors', library.manifest.title), place: join(folder, 'vectors') }
}

function passagesSha256(library: Library): string {
  return library.manifest.files.find((file) => file.name === PASSAGE_FILE)?.sha256 ?? ''
}
