// Opens a model folder on this machine with the adapters of Node.
import { fileURLToPath } from 'node:url'
import { createClock } from '../adapters/clock/clock'
import { sha256 } from '../adapters/crypto/sha256'
import { openEngine } from '../adapters/engine/node'
import { createNoStore } from '../adapters/memory/stores'
import { openDirectorySource } from '../adapters/node/source'
import { openOrtNode } from '../adapters/ort/node'
import { openCachedFolder } from '../jobs/cached-folder'
import { loadModel, readManifest, type LoadedModel } from '../jobs/load-model'
import type { ModelOptions } from './options'

/** models/default of this checkout, from dist/cli. */
export const EMBEDDED_MODEL = fileURLToPath(new URL('../../models/default', import.meta.url))

export const clock = createClock()

export async function openModel(signal: AbortSignal, options: ModelOptions): Promise<LoadedModel> {
  const source = openDirectorySource(options.model ?? EMBEDDED_MODEL)
  const manifest = await readManifest(signal, (s, name) => source.readAll(s, name))
  const folder = openCachedFolder(manifest, { source, store: createNoStore(), sha256, exclusively: (_signal, _name, work) => work() })
  const { precision, arithmetic, device, workers } = options
  return loadModel(
    signal,
    folder,
    { modelId: manifest.id, precision, arithmetic, device, workers },
    {
      clock,
      openCpu: openEngine,
      openGpu: (s, request) => openOrtNode(s, { ...request, device: 'webgpu' }),
      // The engine is the default in the terminal; a GPU is used when it is asked for.
      findGpu: () => Promise.resolve('none'),
    },
  )
}
