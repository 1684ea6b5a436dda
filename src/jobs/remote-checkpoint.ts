// A checkpoint at an address: the small files are read first and refused where they cannot work; then the weights arrive, in whichever of the ways
// Hugging Face stores them, and lie in the store until the model is compiled. Only the address that somebody gave is asked; nothing is sent.
import { checkDescription, type ByteSource } from '../core/checkpoint'
import { damaged, folderOf, readJson } from '../core/checkpoint/source'
import { AppError } from '../core/errors'
import { readOnnx } from '../core/onnx-file'
import type { ChunkStore, Clock, Exclusively, Progress, RemoteFile, RemoteFolder, Sha256 } from '../core/ports'
import { createMeter } from './progress'
import { readAddress } from './remote-address'
import { download, type DownloadDeps } from './remote-file'

export interface RemoteDeps {
  /** `base`: the address of a folder, with a slash at its end. */
  open(base: string): RemoteFolder
  store: ChunkStore
  sha256: Sha256
  exclusively: Exclusively
  clock: Clock
}
export interface RemoteCheckpoint {
  /** What people call it: its address. */
  place: string
  /** A name for the model. */
  name: string
  /** For openCheckpoint and compileCheckpoint. What was fetched stays until `forgetRemote`. */
  sources: ByteSource[]
}
/** In bytes; `file` is what arrives. */
export interface RemoteProgress extends Progress {
  file: string
}

const WEIGHTS = ['model.safetensors', 'pytorch_model.bin'] as const
const GRAPHS = ['model.onnx', 'onnx/model.onnx'] as const
const MOST_SMALL_BYTES = 200_000_000

/**
 * Throws address_unusable, address_page, address_refused, address_unreachable, download_failed (a next attempt goes on from there),
 * storage_refused, aborted, and what openCheckpoint throws about config and tokenizer.
 */
export async function openRemoteCheckpoint(
  signal: AbortSignal,
  address: string,
  deps: RemoteDeps,
  onProgress: (progress: RemoteProgress) => void,
): Promise<RemoteCheckpoint> {
  const { base, place, name, file: graph } = readAddress(address)
  const folder = deps.open(base)
  const prefix = await prefixOf(base, deps.sha256)
  const fetcher = createFetcher(signal, { folder, prefix, ...deps }, onProgress)
  const described = await readDescription(signal, folder, base)
  try {
    const own = graph === null ? await fetchWeights(fetcher, place, described) : null
    const weights = own ?? (await fetchGraph(fetcher, graph === null ? GRAPHS : [graph]))
    if (!weights) throw described.isPage ? pageInstead(base, 'config.json') : lacking(place, described.sources)
    return { place, name, sources: [...described.sources, ...weights] }
  } catch (error) {
    // What cannot be used is fetched anew the next time; an interrupted download goes on.
    if (error instanceof AppError && error.code.startsWith('checkpoint_')) await deps.store.deletePrefix(prefix)
    throw error
  }
}

/** Deletes what an attempt left that nobody wants to go on with. Throws address_unusable. */
export async function forgetRemote(address: string, { store, sha256 }: Pick<RemoteDeps, 'store' | 'sha256'>): Promise<void> {
  await store.deletePrefix(await prefixOf(readAddress(address).base, sha256))
}
const prefixOf = async (base: string, sha256: Sha256): Promise<string> => `remote/${await sha256(new TextEncoder().encode(base))}/`

interface Description {
  sources: ByteSource[]
  /** config.json came as a web page. */
  isPage: boolean
}

async function readDescription(signal: AbortSignal, folder: RemoteFolder, base: string): Promise<Description> {
  const sources: ByteSource[] = []
  const read = async (name: string): Promise<'missing' | 'page' | 'there'> => {
    const file = await folder.open(signal, name, 0)
    if (typeof file === 'string') return file
    sources.push(memorySource(name, await readSmall(name, file)))
    return 'there'
  }
  const config = await read('config.json')
  const tokenizer = await read('tokenizer.json')
  if (config === 'there' && tokenizer === 'page' && (await read('vocab.txt')) !== 'there') throw pageInstead(base, 'tokenizer.json')
  if (tokenizer === 'missing') await read('vocab.txt')
  await read('tokenizer_config.json')
  await read('README.md')
  return { sources, isPage: config === 'page' }
}

/** The files of the weights; null where there are none that Pagewise reads itself. */
async function fetchWeights(fetcher: Fetcher, place: string, { sources }: Description): Promise<ByteSource[] | null> {
  if (!sources.some(({ name }) => name === 'config.json')) return null
  for (const name of WEIGHTS) {
    const whole = await fetcher.find(name)
    if (whole) {
      await orClose(whole, () => checkDescription(place, sources))
      return [await fetcher.fetch(name, whole, whole.bytes ?? 0)]
    }
    const index = await fetcher.find(`${name}.index.json`)
    if (!index) continue
    await orClose(index, () => checkDescription(place, sources))
    const listed = memorySource(`${name}.index.json`, await readSmall(`${name}.index.json`, index))
    return [listed, ...(await fetchShards(fetcher, place, listed))]
  }
  return null
}

async function fetchShards(fetcher: Fetcher, place: string, index: ByteSource): Promise<ByteSource[]> {
  const { shards, bytes } = readIndex(index.name, await readJson(index))
  const sources: ByteSource[] = []
  for (const shard of shards) {
    const file = await fetcher.find(shard)
    if (!file) throw new AppError('checkpoint_file_missing', { place, file: shard, hint: `${index.name} lists it.` })
    sources.push(await fetcher.fetch(shard, file, bytes))
  }
  return sources
}

/** `{metadata: {total_size}, weight_map: {tensor: file}}`. Throws checkpoint_damaged. */
function readIndex(name: string, json: unknown): { shards: string[]; bytes: number } {
  const index = (json ?? {}) as { weight_map?: unknown; metadata?: { total_size?: unknown } | null }
  const files = typeof index.weight_map === 'object' && index.weight_map !== null ? Object.values(index.weight_map) : []
  const shards = [...new Set(files)].sort().map((file: unknown) => {
    if (typeof file !== 'string' || !/^[\w.-]+$/.test(file)) throw damaged(name, 'it names a shard that is no file beside it')
    return file
  })
  if (shards.length === 0) throw damaged(name, 'it has no weight_map')
  const total = index.metadata?.total_size
  return { shards, bytes: typeof total === 'number' && total > 0 ? total : 0 }
}

/** The graph and the files of its weights. */
async function fetchGraph(fetcher: Fetcher, names: readonly string[]): Promise<ByteSource[] | null> {
  for (const name of names) {
    const file = await fetcher.find(name)
    if (!file) continue
    const onnx = await fetcher.fetch(name, file, file.bytes ?? 0)
    const sources = [onnx]
    const folder = folderOf(name)
    // A place that is no plain name, or a file that is missing, is refused by openOnnxModel.
    for (const place of (await readOnnx(onnx)).data.keys()) {
      const data = /^[\w.-]+$/.test(place) ? await fetcher.find(folder + place) : null
      if (data) sources.push(await fetcher.fetch(folder + place, data, onnx.bytes + (data.bytes ?? 0)))
    }
    return sources
  }
  return null
}

interface Fetcher {
  find(name: string): Promise<RemoteFile | null>
  /** `total`: bytes of all files that are fetched, as far as that is known. */
  fetch(name: string, file: RemoteFile, total: number): Promise<ByteSource>
}
function createFetcher(
  signal: AbortSignal,
  deps: DownloadDeps & { clock: Clock },
  onProgress: (progress: RemoteProgress) => void,
): Fetcher {
  let before = 0
  let meter: ReturnType<typeof createMeter> | null = null
  return {
    async find(name) {
      const file = await deps.folder.open(signal, name, 0)
      return typeof file === 'string' ? null : file
    },
    async fetch(name, file, total) {
      const source = await download(signal, name, file, deps, (done) => {
        meter ??= createMeter(deps.clock, done)
        onProgress({ file: name, ...meter(before + done, Math.max(total, before + done)) })
      })
      before += source.bytes
      return source
    },
  }
}

async function readSmall(name: string, file: RemoteFile): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of file.pieces) {
    bytes += piece.length
    if (bytes > MOST_SMALL_BYTES) throw damaged(name, `it has more than ${MOST_SMALL_BYTES} bytes`)
    pieces.push(piece)
  }
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

async function orClose(file: RemoteFile, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    await file.close()
    throw error
  }
}

function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return { name, bytes: bytes.length, read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)) }
}
const pageInstead = (address: string, file: string): AppError => new AppError('address_page', { address, file })
function lacking(place: string, sources: readonly ByteSource[]): AppError {
  const hasConfig = sources.some(({ name }) => name === 'config.json')
  const hint = hasConfig ? `Pagewise reads ${[...WEIGHTS, ...GRAPHS].join(', ')}.` : 'Give the address of the folder that holds it.'
  return new AppError('checkpoint_file_missing', { place, file: hasConfig ? 'weight file' : 'config.json', hint })
}
