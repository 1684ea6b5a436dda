// Logits by a device of Node.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openEngine } from '../../../src/adapters/engine/node'
import { openOrtNode } from '../../../src/adapters/ort/node'
import { parseManifest } from '../../../src/core/manifest'
import type { Manifest } from '../../../src/core/types'
import { scoreAll, type Errand } from './devices'

export const readManifest = (folder: string): Manifest => parseManifest(JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')))

export async function answer({ device, folder, file, precision, inputs }: Errand): Promise<number[][]> {
  const signal = new AbortController().signal
  const path = join(folder, file)
  const stream = (): AsyncIterable<Uint8Array> => createReadStream(path, { highWaterMark: 4 << 20 }) as AsyncIterable<Uint8Array>
  const request = { manifest: readManifest(folder), weights: { name: file, bytes: statSync(path).size, stream }, precision }
  const scorer =
    device.runs === 'engine'
      ? await openEngine(signal, { ...request, arithmetic: device.arithmetic, workers: 2 })
      : await openOrtNode(signal, {
          ...request,
          arithmetic: device.runs === 'cpu' ? device.arithmetic : 'float',
          device: 'cpu',
          threads: 2,
        })
  return scoreAll(scorer, inputs)
}
