// A sharded library through the cache: a shard comes from memory, from the store if its SHA-256 fits, or over the network, where it is
// checked before it is stored or used. A shard that is damaged in the store is fetched again; one that is damaged where it is served is an error.
import { AppError } from '../core/errors'
import type { ChunkStore } from '../core/ports'
import { ShardedLibrary, type Codec, type FetchShard, type ShardedManifest, type ShardEntry } from '../core/retrieve'
import type { CacheDeps } from './cached-folder'

/** Shards that a run reads again and again need not be read and checked each time. */
const REMEMBERED_BYTES = 64_000_000

/** `onFetched` hears of every request. Rejects with library_damaged, download_failed, aborted. */
export async function openShardedLibrary(
  signal: AbortSignal,
  manifest: ShardedManifest,
  cache: CacheDeps,
  inflate: Codec,
  onFetched: (entry: ShardEntry) => void = () => undefined,
): Promise<ShardedLibrary> {
  return ShardedLibrary.open(signal, manifest, { fetchShard: createShardFetch(manifest, cache, onFetched), inflate })
}

/** Bytes of the library that are stored. */
export async function storedShardBytes(store: ChunkStore, manifest: ShardedManifest): Promise<number> {
  const keys = await store.keys(prefixOf(manifest))
  return keys.reduce((sum, key) => sum + Number(key.slice(key.lastIndexOf(':') + 1)), 0)
}
export async function forgetShards(store: ChunkStore, manifest: ShardedManifest): Promise<void> {
  await store.deletePrefix(prefixOf(manifest))
}

function createShardFetch(manifest: ShardedManifest, deps: CacheDeps, onFetched: (entry: ShardEntry) => void): FetchShard {
  const recent = new Map<string, Uint8Array>()
  let recentBytes = 0
  let isStoreFull = false

  function remember(name: string, bytes: Uint8Array): Uint8Array {
    if (!recent.delete(name)) recentBytes += bytes.length
    recent.set(name, bytes)
    for (const [oldest, { length }] of recent) {
      if (recentBytes <= REMEMBERED_BYTES) break
      recent.delete(oldest)
      recentBytes -= length
    }
    return bytes
  }
  async function keep(key: string, bytes: Uint8Array): Promise<void> {
    if (isStoreFull) return
    try {
      await deps.store.put(key, bytes)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'storage_refused') throw error
      isStoreFull = true
    }
  }
  const isWhole = async (bytes: Uint8Array, entry: ShardEntry): Promise<boolean> =>
    bytes.length === entry.bytes && (await deps.sha256(bytes)) === entry.sha256
  async function stored(key: string, entry: ShardEntry): Promise<Uint8Array | null> {
    const bytes = await deps.store.get(key)
    return bytes && (await isWhole(bytes, entry)) ? bytes : null
  }

  return async (signal, entry) => {
    const known = recent.get(entry.name)
    if (known) return remember(entry.name, known)
    const key = `${prefixOf(manifest)}${entry.name}:${entry.bytes}`
    const found = await stored(key, entry)
    if (found) return remember(entry.name, found)
    return deps.exclusively(signal, key, async () => {
      const arrived = deps.store.isPersistent ? await stored(key, entry) : null // while this tab waited
      if (arrived) return remember(entry.name, arrived)
      const bytes = await fetchWhole(signal, entry, manifest, deps)
      onFetched(entry)
      if (!(await isWhole(bytes, entry))) throw damaged(manifest, entry.name, 'it is not the file that the library describes')
      await keep(key, bytes)
      return remember(entry.name, bytes)
    })
  }
}

async function fetchWhole(
  signal: AbortSignal,
  { name }: ShardEntry,
  manifest: ShardedManifest,
  { source }: CacheDeps,
): Promise<Uint8Array> {
  try {
    return await source.readAll(signal, name)
  } catch (error) {
    throw error instanceof AppError && error.code === 'model_file_missing' ? damaged(manifest, name, 'it is missing') : error
  }
}
function damaged({ title }: ShardedManifest, file: string, reason: string): AppError {
  return new AppError('library_damaged', { name: title, file, reason })
}
/** The directory holds the hash of every posting shard, so another version of a library has other keys. */
function prefixOf({ directory }: ShardedManifest): string {
  return `shards/${directory.sha256}/`
}
