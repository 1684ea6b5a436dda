// One contender in a page of its own: its bytes are fetched first, so that opening it does not measure a disk.
import { openEngine } from '../../../src/adapters/engine/browser'
import { openOrt } from '../../../src/adapters/ort/browser'
import { parseManifest } from '../../../src/core/manifest'
import type { ModelFileReader } from '../../../src/core/ports'
import { inChunks } from '../../../src/jobs/chunks'
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

/** `address`: of a model folder, or of the exporter's graphs the file. */
export async function answer(errand: {
  spec: Spec
  address: string
  questions: TimedPairs[]
  seconds: number
}): Promise<Omit<Timing, 'peakBytes'>> {
  const { spec, address, questions, seconds } = errand
  const openIt = spec.kind === 'exported' ? await fetchExported(address) : await fetchFolder(address, spec)
  const startedAt = performance.now()
  const contender = await openIt()
  const opened = (performance.now() - startedAt) / 1000
  return { open: opened, ...(await timePasses(contender, questions, seconds)) }
}

async function fetchExported(address: string): Promise<() => Promise<Contender>> {
  const [ort, wasm, bytes] = await Promise.all([
    import('onnxruntime-web/wasm'),
    import('onnxruntime-web/ort-wasm-simd-threaded.wasm?url'),
    fetch(address).then((response) => response.arrayBuffer()),
  ])
  ort.env.wasm.wasmPaths = { wasm: wasm.default }
  ort.env.wasm.numThreads = THREADS
  return async () =>
    exportedContender(ort, await ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: ['wasm'], logSeverityLevel: 3 }))
}

async function fetchFolder(address: string, spec: Exclude<Spec, { kind: 'exported' }>): Promise<() => Promise<Contender>> {
  const signal = new AbortController().signal
  const manifest = parseManifest(await (await fetch(`${address}/model.json`)).json())
  const { name } = manifest.files[0]!
  const chunks = await fetchChunks(`${address}/${name}`)
  const weights: ModelFileReader = {
    name,
    bytes: chunks.reduce((sum, { length }) => sum + length, 0),
    // Each is handed on and let go of, as the page does that reads them from IndexedDB.
    async *stream() {
      await Promise.resolve()
      for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) yield chunk
    },
  }
  const request = { manifest, weights, precision: spec.precision, arithmetic: spec.arithmetic }
  return async () =>
    scorerContender(
      spec.kind === 'engine'
        ? await openEngine(signal, { ...request, workers: THREADS })
        : await openOrt(signal, { ...request, device: 'wasm', threads: THREADS }),
    )
}

async function fetchChunks(address: string): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of inChunks((await fetch(address)).body!)) chunks.push(chunk)
  return chunks
}
