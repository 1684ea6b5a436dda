// One contender in a process of its own, so that its memory can be told: reads what to do from its parent, answers once.
import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { openEngine } from '../../../src/adapters/engine/node'
import { openOrtNode } from '../../../src/adapters/ort/node'
import type { ModelFileReader } from '../../../src/core/ports'
import { peakBytes } from '../memory'
import {
  exportedContender,
  scorerContender,
  THREADS,
  timePasses,
  type Contender,
  type Spec,
  type TimedPairs,
  type Timing,
} from './contenders'
import { readManifest } from './model-folder'

export interface Errand {
  spec: Spec
  /** A model folder, or of the exporter's graphs the file. */
  path: string
  questions: TimedPairs[]
  seconds: number
}

async function open({ spec, path }: Errand): Promise<Contender> {
  const signal = new AbortController().signal
  if (spec.kind === 'exported') {
    const ort = await import('onnxruntime-node')
    return exportedContender(ort, await ort.InferenceSession.create(path, { intraOpNumThreads: THREADS, logSeverityLevel: 3 }))
  }
  const manifest = readManifest(path)
  const request = { manifest, weights: weightsIn(path, manifest.files[0]!.name), precision: spec.precision, arithmetic: spec.arithmetic }
  return scorerContender(
    spec.kind === 'engine'
      ? await openEngine(signal, { ...request, workers: THREADS })
      : await openOrtNode(signal, { ...request, device: 'cpu', threads: THREADS }),
  )
}

function weightsIn(folder: string, name: string): ModelFileReader {
  const path = join(folder, name)
  return { name, bytes: statSync(path).size, stream: () => createReadStream(path, { highWaterMark: 4 << 20 }) as AsyncIterable<Uint8Array> }
}

async function answer(errand: Errand): Promise<Timing> {
  const startedAt = performance.now()
  const contender = await open(errand)
  const opened = (performance.now() - startedAt) / 1000
  return { open: opened, ...(await timePasses(contender, errand.questions, errand.seconds)), peakBytes: peakBytes() }
}

process.once('message', (errand: Errand) => {
  void answer(errand).then(
    (timing) => process.send!(timing, () => process.exit(0)),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
