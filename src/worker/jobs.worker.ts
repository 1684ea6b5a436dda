// Composition root of the page's worker: picks the adapters and serves the protocol.
import { openDirectoryWriter } from '../adapters/browser/directory-writer'
import { findGpu, viewGpu, viewStorage } from '../adapters/browser/environment'
import { createClock } from '../adapters/clock/clock'
import { deflateRaw, inflateRaw } from '../adapters/compression/deflate'
import { sha256 } from '../adapters/crypto/sha256'
import { hasRelaxedSimd, openEngine } from '../adapters/engine/browser'
import { engineReads } from '../adapters/engine/sizes'
import { exclusively } from '../adapters/http/locks'
import { openRemoteFolder } from '../adapters/http/remote'
import { openHttpSource } from '../adapters/http/source'
import { openDatabase } from '../adapters/indexeddb/database'
import { createChunkStore, createLibraryStore, createModelStore, createRunStore } from '../adapters/indexeddb/stores'
import { createMemoryChunkStore, createMemoryLibraryStore, createMemoryModelStore, createMemoryRunStore } from '../adapters/memory/stores'
import { openParquet } from '../adapters/parquet/parquet'
import { openBrowserEmbedder } from '../adapters/transformers/browser'
import { createHandlers } from './handlers'
import type { Endpoint } from './messages'
import { serve } from './server'

// A worker's port opens when its script has run, not when its promises have settled: calls that arrive while the database opens are kept.
const early: MessageEvent[] = []
self.onmessage = (event: MessageEvent) => early.push(event)
const [database, libraryIds] = await Promise.all([openDatabase(), servedLibraries()])
const chunks = database ? createChunkStore(database) : createMemoryChunkStore()
const runs = database ? createRunStore(database) : createMemoryRunStore()
const libraries = database ? createLibraryStore(database) : createMemoryLibraryStore()
const models = database ? createModelStore(database) : createMemoryModelStore()
// With the writing of graphs, for those who need it.
const onnxruntime = () => import('../adapters/ort/browser')
const isIsolated = globalThis.crossOriginIsolated

serve(
  globalThis as unknown as Endpoint,
  createHandlers({
    clock: createClock(),
    newId: () => crypto.randomUUID(),
    wallClock: () => Date.now(),
    runs,
    isIsolated,
    modelIds: ['default'],
    models,
    // Models lie beside the page: the worker's script is in assets/ of the build, and in worker/ of the sources.
    cache: (modelId) => ({ source: openHttpSource(new URL(`models/${modelId}/`, pageAddress()).href), store: chunks, sha256, exclusively }),
    libraries,
    libraryIds,
    libraryCache: (id) => ({ source: openHttpSource(new URL(`libraries/${id}/`, pageAddress()).href), store: chunks, sha256, exclusively }),
    inflate: inflateRaw,
    deflate: deflateRaw,
    openParquet,
    openCpu: async (signal, request) => {
      if (engineReads(request)) return openEngine(signal, request)
      const threads = request.workers > 0 ? { threads: request.workers } : {}
      return (await onnxruntime()).openOrt(signal, { ...request, device: 'wasm', ...threads })
    },
    openGpu: async (signal, request) => (await onnxruntime()).openOrt(signal, { ...request, device: 'webgpu' }),
    openRemote: openRemoteFolder,
    openDirectory: openDirectoryWriter,
    openReference: async (signal, request) => (await onnxruntime()).openOrtReference(signal, request),
    findGpu,
    openEmbedder: async (signal, request) => openBrowserEmbedder(signal, request, (await findGpu()) === 'hardware'),
    storage: {
      view: () => viewStorage(database !== null),
      clear: async () => {
        await chunks.deletePrefix('')
        for (const run of await runs.list()) await runs.delete(run.id)
        for (const library of await libraries.list()) await libraries.delete(library.id)
        for (const model of await models.list()) await models.delete(model.id)
      },
    },
    viewDevice: async () => ({
      threads: navigator.hardwareConcurrency,
      isIsolated,
      hasRelaxedSimd: hasRelaxedSimd(),
      gpu: await viewGpu(),
    }),
  }),
)
for (const event of early) self.dispatchEvent(new MessageEvent('message', { data: event.data as unknown }))

/** Whoever serves the page may add libraries to libraries/registry.json; the embedded one where that cannot be read. */
async function servedLibraries(): Promise<readonly string[]> {
  try {
    const response = await fetch(new URL('libraries/registry.json', pageAddress()), { signal: AbortSignal.timeout(3000) })
    const ids: unknown = await response.json()
    if (Array.isArray(ids) && ids.every((id) => typeof id === 'string')) return ids
  } catch {
    // offline, or a host that answers with a page
  }
  return ['openstax']
}

function pageAddress(): URL {
  return new URL('..', self.location.href)
}
