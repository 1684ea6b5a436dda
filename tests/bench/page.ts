// The contenders of the page. Each is opened once by name and then timed as often as the benchmark asks.
import { openEngine } from '../../src/adapters/engine/browser'
import { openOrt } from '../../src/adapters/ort/browser'
import { parseManifest } from '../../src/core/manifest'
import type { ModelFileReader } from '../../src/core/ports'
import type { Arithmetic, Precision } from '../../src/core/types'
import { peerContender, scorerContender, time, type Contender } from './contenders'
import type { TimedQuestion } from './sets'

export type Spec =
  | { kind: 'engine'; precision: Precision; arithmetic: Arithmetic; workers: number }
  | { kind: 'graph'; precision: Precision; threads: number }
  | { kind: 'peer'; threads: number; url: string }

let contender: Contender

async function modelFile(precision: Precision): Promise<{ manifest: ReturnType<typeof parseManifest>; weights: ModelFileReader }> {
  const manifest = parseManifest(await (await fetch('/models/default/model.json')).json())
  const name = precision === 'q8' ? 'weights.q8.safetensors' : 'weights.fp16.safetensors'
  const bytes = await (await fetch(`/models/default/${name}`)).arrayBuffer()
  const weights: ModelFileReader = {
    name,
    bytes: bytes.byteLength,
    async *stream() {
      await Promise.resolve()
      for (let at = 0; at < bytes.byteLength; at += 4 << 20) yield new Uint8Array(bytes, at, Math.min(4 << 20, bytes.byteLength - at))
    },
  }
  return { manifest, weights }
}

/** Seconds from the weights' bytes in memory to the first answer. */
export async function open({ spec, first }: { spec: Spec; first: TimedQuestion }): Promise<number> {
  const signal = new AbortController().signal
  if (spec.kind === 'peer') {
    const [ort, wasm, bytes] = await Promise.all([
      import('onnxruntime-web/wasm'),
      import('onnxruntime-web/ort-wasm-simd-threaded.wasm?url'),
      fetch(spec.url).then((r) => r.arrayBuffer()),
    ])
    ort.env.wasm.wasmPaths = { wasm: wasm.default }
    ort.env.wasm.numThreads = spec.threads
    const startedAt = performance.now()
    contender = peerContender(
      ort,
      await ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: ['wasm'], logSeverityLevel: 3 }),
    )
    await contender.run([first])
    return (performance.now() - startedAt) / 1000
  }
  const { manifest, weights } = await modelFile(spec.precision)
  const startedAt = performance.now()
  const { precision } = spec
  const scorer =
    spec.kind === 'engine'
      ? await openEngine(signal, { manifest, weights, precision, arithmetic: spec.arithmetic, workers: spec.workers })
      : await openOrt(signal, { manifest, weights, precision, device: 'wasm', threads: spec.threads })
  contender = scorerContender(scorer, spec.kind === 'graph')
  await contender.run([first])
  return (performance.now() - startedAt) / 1000
}

export function run(questions: TimedQuestion[]): Promise<number> {
  return time(contender, questions)
}
