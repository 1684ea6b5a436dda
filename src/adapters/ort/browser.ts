// onnxruntime-web: WebGPU for the page, plain WebAssembly for tests and benchmarks. Its files are served from beside the page and fetched
// only when a device is opened. Two builds know WebGPU: the one on JavaScript promise integration is 10 MB smaller, the other runs
// where a browser lacks that.
import type { Scorer } from '../../core/ports'
import { computesInHalf } from './half'
import { toRefusal } from './refusal'
import { openScorer, type OrtRequest } from './scorer'
import { openInSegments, type SegmentRequest } from './segments'
import { openSession, type Ort } from './session'

const NAMES = { webgpu: 'onnxruntime, WebGPU', wasm: 'onnxruntime, WebAssembly' } as const
const BUDGETS = { webgpu: 2048, wasm: 512 } as const

type Environment = typeof import('onnxruntime-web').env
type Build = Ort & { env: Environment }

/** `threads` is for 'wasm'. Throws device_unavailable, weights_damaged, model_unsupported, device_memory, aborted. */
export async function openOrt(signal: AbortSignal, request: OrtRequest & { device: 'webgpu' | 'wasm'; threads?: number }): Promise<Scorer> {
  const { device, threads } = request
  const ort = await load(device, threads)
  const options = { executionProviders: [device], logSeverityLevel: 3 } as const
  return openScorer(signal, request, {
    name: NAMES[device],
    device: device === 'wasm' ? 'cpu' : 'webgpu',
    budget: BUDGETS[device],
    // WebAssembly adds products of bytes in 32 bits.
    ...(device === 'wasm' ? { integerBits: () => Promise.resolve(8) } : {}),
    ...(device === 'webgpu' ? { computesInHalf: () => oneByOne(() => computesInHalf(ort, options)) } : {}),
    open: (graph) => oneByOne(() => openSession(ort, graph, options)),
  })
}

/**
 * The graph in WebAssembly for a few questions, in little memory whatever the model's size; one that came as a file is opened whole.
 * `segmentBytes`: of weights, at a time. Throws what openOrt throws.
 */
export async function openOrtReference(signal: AbortSignal, request: SegmentRequest & OrtRequest, segmentBytes?: number): Promise<Scorer> {
  if (request.manifest.architecture === 'onnx') return openOrt(signal, { ...request, device: 'wasm' })
  const ort = await load('wasm')
  return openInSegments(
    signal,
    request,
    {
      name: NAMES.wasm,
      ort,
      create: (onnx, options) => oneByOne(() => ort.InferenceSession.create(onnx, { ...options, executionProviders: ['wasm'] })),
    },
    segmentBytes,
  )
}

let opening: Promise<unknown> = Promise.resolve()
/** onnxruntime-web fails when two sessions are opened at the same time. */
function oneByOne<T>(open: () => Promise<T>): Promise<T> {
  const session = opening.then(open)
  opening = session.catch(() => undefined)
  return session
}

async function load(device: 'webgpu' | 'wasm', threads?: number): Promise<Build> {
  let ort: Build
  try {
    ort = await (device === 'wasm' ? loadWasm() : 'Suspending' in WebAssembly ? loadPromising() : loadAsyncify())
  } catch (error) {
    throw toRefusal(error, NAMES[device])
  }
  ort.env.logLevel = 'error'
  ort.env.wasm.numThreads = device === 'wasm' && crossOriginIsolated ? (threads ?? navigator.hardwareConcurrency) : 1
  return ort
}
async function loadWasm(): Promise<Build> {
  const [ort, wasm] = await Promise.all([import('onnxruntime-web/wasm'), import('onnxruntime-web/ort-wasm-simd-threaded.wasm?url')])
  return located(ort, wasm.default)
}
async function loadPromising(): Promise<Build> {
  const [ort, wasm] = await Promise.all([import('onnxruntime-web/jspi'), import('onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url')])
  return located(ort, wasm.default)
}
async function loadAsyncify(): Promise<Build> {
  const [ort, wasm] = await Promise.all([
    import('onnxruntime-web/webgpu'),
    import('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'),
  ])
  return located(ort, wasm.default)
}
function located(ort: Build, wasm: string): Build {
  ort.env.wasm.wasmPaths = { wasm }
  return ort
}
