// A sharded library in memory, for tests.
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { AppError } from '../../src/core/errors'
import type { FileSource } from '../../src/core/ports'
import type { CorpusFile, LibraryManifest, ShardedManifest, ShardSettings } from '../../src/core/retrieve'
import { indexCorpus } from '../../src/jobs/index-corpus'

export const deflate = promisify<Uint8Array, Buffer>(deflateRaw)
export const inflate = promisify<Uint8Array, Buffer>(inflateRaw)

export function corpusFile(name: string, text: string | Uint8Array): CorpusFile {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  return { name, bytes: bytes.length, slice: (start, end) => Promise.resolve(Uint8Array.from(bytes.subarray(start, end))) }
}

export interface IndexedFolder<M> {
  manifest: M
  files: Map<string, Uint8Array>
}
export async function indexFiles(
  files: CorpusFile[],
  wholePassages: number,
  shards?: ShardSettings,
): Promise<IndexedFolder<LibraryManifest | ShardedManifest>> {
  const written = new Map<string, Uint8Array>()
  const write = (name: string, bytes: Uint8Array): Promise<void> => {
    written.set(name, bytes)
    return Promise.resolve()
  }
  const about = { id: 'test', title: 'Test', licence: 'CC0', source: 'tests' }
  const request = { about, credit: 'Test, CC0', columns: { text: null, title: null }, wholePassages, ...(shards ? { shards } : {}) }
  const deps = { write, deflate, sha256, clock: createClock(), openParquet: () => Promise.reject(new Error('internal: no Parquet here')) }
  return { manifest: await indexCorpus(new AbortController().signal, files, request, deps, () => undefined), files: written }
}

/** One passage for each text. */
export async function indexSharded(texts: readonly string[], shards?: ShardSettings): Promise<IndexedFolder<ShardedManifest>> {
  const lines = texts.map((text, i) => JSON.stringify({ title: `Title ${i}`, text }))
  const { manifest, files } = await indexFiles([corpusFile('corpus.jsonl', lines.join('\n'))], 0, shards)
  if (manifest.format !== 'pagewise-library-shards/1') throw new Error('it is one pack')
  return { manifest, files }
}

/** Serves the files and notes what is asked for. */
export function serveFiles(files: ReadonlyMap<string, Uint8Array>): FileSource & { asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    place: 'test',
    readAll(_signal, name) {
      asked.push(name)
      const bytes = files.get(name)
      return bytes ? Promise.resolve(bytes) : Promise.reject(new AppError('model_file_missing', { file: name, place: 'test' }))
    },
    readFrom: () => {
      throw new Error('shards are fetched whole')
    },
  }
}
