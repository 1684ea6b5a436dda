// A folder (a model's, a library's) that is served somewhere and kept here. Reading a file takes each 4 MiB chunk from the store if it is there and whole,
// and otherwise fetches it, checks it against the manifest and stores it before handing it on: so the first read is the download, an
// interrupted one resumes at the first missing chunk, a damaged chunk is fetched again, and nothing unverified is ever used.
import { AppError } from '../core/errors'
import type { ChunkStore, Exclusively, FileSource, ModelFileReader, SeekableFile, Sha256 } from '../core/ports'
import { readWhole } from '../core/read-whole'
import type { ModelFile } from '../core/types'

export interface CacheDeps {
  source: FileSource
  store: ChunkStore
  sha256: Sha256
  exclusively: Exclusively
}
/** Where there are no other tabs. */
export const alone: Exclusively = (_signal, _name, work) => work()

/** The source of what exists nowhere but in the store: a chunk that is missing there cannot be fetched. `lost(file)`: what then is said. */
export function storedOnly(place: string, lost: (file: string) => AppError): FileSource {
  return {
    place,
    readAll: (_signal, file) => Promise.reject(lost(file)),
    // eslint-disable-next-line require-yield -- the stream fails before its first piece
    async *readFrom(_signal, file) {
      throw lost(file)
    },
  }
}

/** What a read is doing, in bytes of the file: `fetched` of them came over the network. `notice` is set once storage was refused. */
export interface ReadProgress {
  file: string
  bytes: number
  fetched: number
  total: number
}
export interface CachedFolder<M extends { files: readonly ModelFile[] }> {
  readonly manifest: M
  /** Throws model_file_missing. */
  file(name: string): SeekableFile
  /** The error that made the store give up, if it did: the model then runs from memory. */
  readonly refused: AppError | null
  /** Bytes of the file that are stored. */
  storedBytes(name: string): Promise<number>
  forget(name: string): Promise<void>
}

export function openCachedFolder<M extends { files: readonly ModelFile[] }>(
  manifest: M,
  deps: CacheDeps,
  onRead: (progress: ReadProgress) => void = () => undefined,
): CachedFolder<M> {
  let refused: AppError | null = null
  const described = (name: string): ModelFile => {
    const file = manifest.files.find((f) => f.name === name)
    if (!file) throw new AppError('model_file_missing', { file: name, place: deps.source.place })
    return file
  }
  async function keep(key: string, bytes: Uint8Array): Promise<void> {
    if (refused) return
    try {
      await deps.store.put(key, bytes)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'storage_refused') throw error
      refused = error
    }
  }

  return {
    manifest,
    get refused() {
      return refused
    },
    async storedBytes(name) {
      const file = described(name)
      const keys = await deps.store.keys(prefixOf(file))
      return keys.reduce((sum, key) => sum + chunkLength(file, Number(key.slice(key.lastIndexOf('/') + 1))), 0)
    },
    async forget(name) {
      await deps.store.deletePrefix(prefixOf(described(name)))
    },
    file(name): SeekableFile {
      const file = described(name)
      const stream = (signal: AbortSignal, from = 0, to = file.chunkSha256.length) => readChunks(signal, file, deps, keep, onRead, from, to)
      return { name, bytes: file.bytes, stream: (signal) => stream(signal), read: createReader(file, stream) }
    },
  }
}

/** Reads from anywhere, chunk by chunk; the last one is kept, in which the next read often begins. */
function createReader(
  file: ModelFile,
  stream: (signal: AbortSignal, from: number, to: number) => AsyncIterable<Uint8Array>,
): SeekableFile['read'] {
  let last: { index: number; bytes: Uint8Array } | null = null
  return async (signal, offset, length) => {
    if (offset + length > file.bytes) throw new Error(`internal: ${file.name} has ${file.bytes} bytes, ${offset + length} are asked for`)
    const out = new Uint8Array(length)
    const end = offset + length
    const take = (index: number, bytes: Uint8Array): void => {
      const start = index * file.chunkBytes
      const [from, to] = [Math.max(offset, start), Math.min(end, start + bytes.length)]
      if (from < to) out.set(bytes.subarray(from - start, to - start), from - offset)
    }
    let index = Math.floor(offset / file.chunkBytes)
    if (last?.index === index) take(index++, last.bytes)
    for await (const bytes of stream(signal, index, Math.ceil(end / file.chunkBytes))) {
      take(index, bytes)
      last = { index: index++, bytes }
    }
    return out
  }
}

async function* readChunks(
  signal: AbortSignal,
  file: ModelFile,
  deps: CacheDeps,
  keep: (key: string, bytes: Uint8Array) => Promise<void>,
  onRead: (progress: ReadProgress) => void,
  from: number,
  to: number,
): AsyncIterable<Uint8Array> {
  let fetched = 0
  const stored = async (chunk: number): Promise<Uint8Array | undefined> => {
    const bytes = await deps.store.get(keyOf(file, chunk))
    return bytes && (await isWhole(file, chunk, bytes, deps.sha256)) ? bytes : undefined
  }
  let network: ChunkReader | null = null
  try {
    for (let chunk = from; chunk < to; chunk++) {
      if (signal.aborted) throw new AppError('aborted')
      let bytes = await stored(chunk)
      if (!bytes) {
        // One tab at a time fetches a chunk; the one that waited finds it stored.
        bytes = await deps.exclusively(signal, keyOf(file, chunk), async () => {
          const found = deps.store.isPersistent ? await stored(chunk) : undefined
          if (found) return found
          if (network?.next !== chunk) {
            await network?.close()
            network = readNetwork(signal, file, deps.source, chunk)
          }
          const fresh = await network.read((received) => {
            onRead({ file: file.name, bytes: chunk * file.chunkBytes + received, fetched: fetched + received, total: file.bytes })
          })
          fetched += fresh.length
          if (!(await isWhole(file, chunk, fresh, deps.sha256)))
            throw new AppError('download_changed', { file: file.name, chunk: chunk + 1 })
          await keep(keyOf(file, chunk), fresh)
          return fresh
        })
      }
      onRead({ file: file.name, bytes: chunk * file.chunkBytes + bytes.length, fetched, total: file.bytes })
      yield bytes
    }
  } finally {
    await (network as ChunkReader | null)?.close()
  }
}

interface ChunkReader {
  /** The chunk that read() returns next. */
  readonly next: number
  read(onReceived: (bytes: number) => void): Promise<Uint8Array>
  close(): Promise<void>
}
/** Cuts one request, from `first` to the end of the file, into chunks. */
function readNetwork(signal: AbortSignal, file: ModelFile, source: FileSource, first: number): ChunkReader {
  const pieces = source.readFrom(signal, file.name, first * file.chunkBytes)[Symbol.asyncIterator]()
  let left = new Uint8Array(0)
  let next = first
  return {
    get next() {
      return next
    },
    async read(onReceived) {
      const length = chunkLength(file, next)
      const chunk = new Uint8Array(length)
      let at = 0
      while (at < length) {
        if (left.length === 0) {
          const { value, done } = await pieces.next()
          if (done) throw new AppError('download_failed', failure(file, next * file.chunkBytes + at, 'it ended early'))
          left = new Uint8Array(value.buffer, value.byteOffset, value.length) as Uint8Array<ArrayBuffer>
        }
        const taken = left.subarray(0, length - at)
        chunk.set(taken, at)
        at += taken.length
        left = left.subarray(taken.length)
        onReceived(at)
      }
      next++
      return chunk
    },
    async close() {
      await pieces.return?.()
    },
  }
}

const prefixOf = (file: ModelFile): string => `${file.sha256}/`
const keyOf = (file: ModelFile, chunk: number): string => `${prefixOf(file)}${chunk}`
const chunkLength = (file: ModelFile, chunk: number): number => Math.min(file.chunkBytes, file.bytes - chunk * file.chunkBytes)
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
function failure(file: ModelFile, done: number, reason: string) {
  return { file: file.name, done: megabytes(done), total: megabytes(file.bytes), reason }
}
async function isWhole(file: ModelFile, chunk: number, bytes: Uint8Array, sha256: Sha256): Promise<boolean> {
  return bytes.length === chunkLength(file, chunk) && (await sha256(bytes)) === file.chunkSha256[chunk]
}

/** A JSON file of the folder; `undefined` where it cannot be parsed. */
export async function readJson(signal: AbortSignal, reader: ModelFileReader): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await readWhole(signal, reader)))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
