// Opens the engine: compiles the build that fits, packs the weights while they arrive, starts the workers. Where memory can be shared
// (a cross-origin isolated page, Node) there is one copy of the weights; elsewhere one for the host, who needs it to replace a worker, and one a worker.
import { AppError, throwIfAborted } from '../../core/errors'
import type { ModelFileReader, Scorer } from '../../core/ports'
import type { Arithmetic, Layout, Manifest, ModelInput, Precision } from '../../core/types'
import { readArchitecture } from './architectures'
import { chooseKernels, PLAIN, type Choice } from './choice'
import { loadWeights } from './load'
import { reserveMemory } from './memory'
import type { OpenMessage, Port } from './messages'
import { benchBytes } from './pack'
import { wordStorage } from './plan'
import { Pool } from './pool'
import { inputsOf, toPortions } from './portions'
import { areaBytes, toEngineInput, type EngineInput } from './questions'
import { bestBuild, type Build } from './simd'
import { checkRoom, MOST_BYTES, sizesOf, weightsPerToken, type Sizes } from './sizes'
import { openTensors } from './tensors'
import { measure, openInstance, PAGE_BYTES, type Instance } from './wasm'

/** What a browser and Node do differently. */
export interface Host {
  /** src/engine as compiled by scripts/build-engine.mjs, for a shared memory or for one of its own. */
  compile(build: Build, isShared: boolean): Promise<WebAssembly.Module>
  spawn(): Port
  canShareMemory: boolean
  threads: number
}
export interface EngineRequest {
  manifest: Manifest
  weights: ModelFileReader
  precision: Precision
  arithmetic: Arithmetic
  /** 0: as many as help. */
  workers: number
  /** Bytes of the weight file that are unpacked. */
  onProgress?: (done: number, total: number) => void
  /** For tests; otherwise the best one that runs here. */
  build?: Build
}

/** More workers than this wait for each other's memory traffic, or for the one who feeds them. */
const MOST_WORKERS = 16

/** What all copies of the weights may take together. */
const MOST_BYTES_OF_COPIES = 2 ** 31
/** Multiplications in a millisecond below which a worker is taken for dead. */
const SLOWEST_PER_MS = 500_000

/** Throws weights_damaged, model_unsupported, memory_short, worker_lost, aborted, and what the weights' reader throws. */
export async function openEngine(host: Host, signal: AbortSignal, request: EngineRequest): Promise<Scorer> {
  const { manifest, weights, arithmetic, onProgress } = request
  throwIfAborted(signal)
  const architecture = readArchitecture(manifest)
  const compiling = compile(host, request.build ?? bestBuild(), arithmetic)
  const [file, { module, choice }] = await Promise.all([openTensors(signal, weights), compiling])
  const sizes = sizesOf(manifest, architecture, arithmetic, wordStorage(file.header, architecture))
  checkRoom(sizes)

  const { weightsEnd, scratchBytes } = await measure(module, sizes, host.canShareMemory)
  const area = areaBytes(sizes.rows, scratchBytes)
  const firstArea = Math.ceil(weightsEnd / PAGE_BYTES) * PAGE_BYTES
  const asked = request.workers > 0 ? request.workers : Math.max(1, host.threads)
  const workers = Math.min(asked, MOST_WORKERS, roomForWorkers(host.canShareMemory, firstArea, area))
  // Packing happens where the workers' areas will be.
  const behind = Math.max(benchBytes(sizes), host.canShareMemory ? workers * area : 0)
  const instance = await openInstance(module, reserveMemory(firstArea + behind, host.canShareMemory), sizes)
  await loadWeights(signal, instance, architecture, file, (done) => onProgress?.(done, weights.bytes))
  throwIfAborted(signal)

  const open = (index: number): { message: OpenMessage; transfer: ArrayBuffer[] } => {
    const message = { kind: 'open' as const, module, sizes, areaBytes: area, choice }
    if (host.canShareMemory)
      return { message: { ...message, weights: { memory: instance.memory }, area: firstArea + index * area }, transfer: [] }
    const copy = copyOfWeights(instance)
    return { message: { ...message, weights: { copy }, area: firstArea }, transfer: [copy] }
  }
  const pool = new Pool({ workers, spawn: () => host.spawn(), open, patienceMs: patienceFor(sizes) })
  const stopOpening = () => {
    pool.close()
  }
  signal.addEventListener('abort', stopOpening, { once: true })
  try {
    await pool.ready()
  } catch (error) {
    throwIfAborted(signal)
    throw error
  } finally {
    signal.removeEventListener('abort', stopOpening)
  }
  return createScorer(pool, manifest.layout, sizes.rows, workers, arithmetic)
}

/** As many as there is memory for: one that all share, or a copy of the weights for each. */
function roomForWorkers(isShared: boolean, weightBytes: number, area: number): number {
  const room = isShared ? (MOST_BYTES - weightBytes) / area : MOST_BYTES_OF_COPIES / (weightBytes + area) - 1
  return Math.max(1, Math.floor(room))
}

/** A pass of a large model takes long on a slow machine. */
const patienceFor = (sizes: Sizes): number => 60_000 + (sizes.rows * weightsPerToken(sizes)) / SLOWEST_PER_MS

/** Compiles a build and chooses its kernels; where relaxed SIMD gets integers wrong, the plain build. */
async function compile(host: Host, build: Build, arithmetic: Arithmetic): Promise<{ module: WebAssembly.Module; choice: Choice }> {
  const module = await host.compile(build, host.canShareMemory)
  const choice = build === 'plain' ? PLAIN : await chooseKernels(module, host.canShareMemory, arithmetic === 'int8')
  return choice === null ? compile(host, 'plain', arithmetic) : { module, choice }
}

function createScorer(pool: Pool, layout: Layout, rows: number, workers: number, arithmetic: Arithmetic): Scorer {
  return {
    device: 'cpu',
    description: `engine, ${String(workers)} ${workers === 1 ? 'worker' : 'workers'}, ${arithmetic}`,
    workers,
    async score(signal, asked, onLogits) {
      throwIfAborted(signal)
      const inputs = asked.map((input) => inLayout(layout, input))
      const left = inputs.map(({ choiceIds }) => choiceIds.length)
      const logits = inputs.map(({ choiceIds }) => new Float32Array(choiceIds.length))
      for (const [index, count] of left.entries()) if (count === 0) onLogits(index, new Float32Array(0))
      const portions = toPortions(inputs, rows, workers)
      await pool.answer(signal, portions.map(inputsOf), (portion, answers) => {
        for (const [i, { question, firstChoice }] of (portions[portion] ?? []).entries()) {
          const answer = answers[i] ?? new Float32Array(0)
          const whole = logits[question] ?? answer
          whole.set(answer, firstChoice)
          left[question] = (left[question] ?? 0) - answer.length
          if (left[question] === 0) onLogits(question, whole)
        }
      })
    },
    close() {
      pool.close()
      return Promise.resolve()
    },
  }
}

function inLayout(layout: Layout, input: ModelInput): EngineInput {
  if (input.layout !== layout) throw new AppError('model_unsupported', { field: 'layout', value: input.layout, known: layout })
  return toEngineInput(input)
}

function copyOfWeights({ memory, weightsEnd }: Instance): ArrayBuffer {
  const copy = new ArrayBuffer(weightsEnd)
  new Uint8Array(copy).set(new Uint8Array(memory.buffer, 0, weightsEnd))
  return copy
}
