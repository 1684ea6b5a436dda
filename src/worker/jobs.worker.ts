// Composition root of the page's worker: picks the adapters and serves the protocol.
import { findGpu, viewGpu, viewStorage } from '../adapters/browser/environment'
import { createClock } from '../adapters/clock/clock'
import { sha256 } from '../adapters/crypto/sha256'
import { hasRelaxedSimd, openEngine } from '../adapters/engine/browser'
import { exclusively } from '../adapters/http/locks'
import { openHttpSource } from '../adapters/http/source'
import { openDatabase } from '../adapters/indexeddb/database'
import { createChunkStore, createRunStore } from '../adapters/indexeddb/stores'
import { createMemoryChunkStore, createMemoryRunStore } from '../adapters/memory/stores'
import { openOrt } from '../adapters/ort/browser'
import { createHandlers } from './handlers'
import type { Endpoint } from './messages'
import { serve } from './server'

// A worker's port opens when its script has run, not when its promises have settled: calls that arrive while the database opens are kept.
const early: MessageEvent[] = []
self.onmessage = (event: MessageEvent) => early.push(event)
const database = await openDatabase()
const chunks = database ? createChunkStore(database) : createMemoryChunkStore()
const runs = database ? createRunStore(database) : createMemoryRunStore()
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
    // Models lie beside the page: the worker's script is in assets/ of the build, and in worker/ of the sources.
    cache: (modelId) => ({ source: openHttpSource(new URL(`models/${modelId}/`, pageAddress()).href), store: chunks, sha256, exclusively }),
    openCpu: openEngine,
    openGpu: (signal, request) => openOrt(signal, { ...request, device: 'webgpu' }),
    findGpu,
    storage: {
      view: () => viewStorage(database !== null),
      clear: async () => {
        await chunks.deletePrefix('')
        for (const run of await runs.list()) await runs.delete(run.id)
      },
    },
    viewDevice: async () => ({ threads: navigator.hardwareConcurrency, isIsolated, hasRelaxedSimd: hasRelaxedSimd(), gpu: await viewGpu() }),
  }),
)
for (const event of early) self.dispatchEvent(new MessageEvent('message', { data: event.data as unknown }))

function pageAddress(): URL {
  return new URL('..', self.location.href)
}
