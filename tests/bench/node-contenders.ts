// The contenders in Node: the engine, onnxruntime-node on our graph, and on the peer's.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { openEngine } from '../../src/adapters/engine/node'
import { openOrtNode } from '../../src/adapters/ort/node'
import type { ModelFileReader } from '../../src/core/ports'
import type { Arithmetic, Precision } from '../../src/core/types'
import { peerContender, scorerContender, type Contender } from './contenders'
import { manifest, type TimedQuestion } from './sets'

export type NodeSpec =
  | { kind: 'engine'; precision: Precision; arithmetic: Arithmetic; workers: number }
  | { kind: 'graph'; precision: Precision; arithmetic: Arithmetic; threads: number }
  | { kind: 'peer'; threads: number; path: string }

export async function openNode(spec: NodeSpec, first: TimedQuestion): Promise<{ contender: Contender; first: number }> {
  const signal = new AbortController().signal
  const startedAt = performance.now()
  let contender: Contender
  if (spec.kind === 'peer') {
    const ort = await import('onnxruntime-node')
    contender = peerContender(
      ort,
      await ort.InferenceSession.create(readFileSync(spec.path), { intraOpNumThreads: spec.threads, logSeverityLevel: 3 }),
    )
  } else {
    const { precision } = spec
    const weights = weightsOf(precision)
    contender =
      spec.kind === 'engine'
        ? scorerContender(
            await openEngine(signal, { manifest, weights, precision, arithmetic: spec.arithmetic, workers: spec.workers }),
            false,
          )
        : scorerContender(
            await openOrtNode(signal, { manifest, weights, precision, arithmetic: spec.arithmetic, device: 'cpu', threads: spec.threads }),
            false,
          )
  }
  await contender.run([first])
  return { contender, first: (performance.now() - startedAt) / 1000 }
}

function weightsOf(precision: Precision): ModelFileReader {
  const name = precision === 'q8' ? 'weights.q8.safetensors' : 'weights.fp16.safetensors'
  const path = `models/default/${name}`
  return { name, bytes: statSync(path).size, stream: () => createReadStream(path, { highWaterMark: 4 << 20 }) as AsyncIterable<Uint8Array> }
}
