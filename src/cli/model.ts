// Opens a model folder on this machine with the adapters of Node.
import { fileURLToPath } from 'node:url'
import { createClock } from '../adapters/clock/clock'
import { sha256 } from '../adapters/crypto/sha256'
import { createNoStore } from '../adapters/memory/stores'
import { openDirectorySource } from '../adapters/node/source'
import { openOrtNode } from '../adapters/ort/node'
import { AppError } from '../core/errors'
import type { Manifest, Precision } from '../core/types'
import { alone, openCachedFolder } from '../jobs/cached-folder'
import { loadModel, readManifest, type LoadedModel } from '../jobs/load-model'
import { openCpu } from './cpu'
import type { ModelOptions } from './options'

/** models/default of this checkout, from dist/cli. */
export const EMBEDDED_MODEL = fileURLToPath(new URL('../../models/default', import.meta.url))

export const clock = createClock()

export async function openModel(signal: AbortSignal, options: ModelOptions): Promise<LoadedModel> {
  const { arithmetic, device, runtime, workers } = options
  if (device === 'webgpu' && runtime === 'engine')
    throw new AppError('usage', { message: 'The engine runs on the CPU. Leave out --device webgpu or --runtime engine.' })
  const source = openDirectorySource(options.model ?? EMBEDDED_MODEL)
  const manifest = await readManifest(signal, (s, name) => source.readAll(s, name))
  const folder = openCachedFolder(manifest, { source, store: createNoStore(), sha256, exclusively: alone })
  const precision = options.precision ?? usualPrecision(manifest)
  return loadModel(
    signal,
    folder,
    { modelId: manifest.id, precision, arithmetic, device, workers },
    {
      clock,
      openCpu: (s, request) => openCpu(s, runtime, request),
      openGpu: (s, request) => openOrtNode(s, { ...request, device: 'webgpu' }),
      // The CPU is the default in the terminal; a GPU is used when it is asked for.
      findGpu: () => Promise.resolve('none'),
    },
  )
}

/** q8 where the model has it, else the first weights that it lists. */
function usualPrecision({ files }: Manifest): Precision {
  const precisions = files.flatMap((file) => file.precision ?? [])
  return precisions.includes('q8') ? 'q8' : (precisions[0] ?? 'q8')
}
