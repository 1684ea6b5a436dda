// Opens the engine: compiles the build that fits, packs the weights while they arrive, starts the workers. Where memory can be shared
// (a cross-origin isolated page, Node) there is one copy of the weights; elsewhere one for the host, who needs it to replace a worker, and one a worker.
import { sharedPrefixOnly } from '../../core/encode/shared-prefix'
import { throwIfAborted } from '../../core/errors'
import type { ModelFileReader, Scorer } from '../../core/ports'
import type { Arithmetic, Manifest, Precision } from '../../core/types'
import { chooseKernels, PLAIN, type Choice } from './choice'
import { loadWeights } from './load'
import type { OpenMessage, Port } from './messages'
import { benchBytes } from './pack'
import { wordStorage } from './plan'
import { Pool } from './pool'
import { inputsOf, toPortions } from './portions'
import { areaBytes } from './questions'
import { bestBuild, type Build } from './simd'
import { readSizes } from './sizes'
import { openTensors } from './tensors'
import { createMemory, measure, openInstance, PAGE_BYTES, type Instance } from './wasm'

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

/** Throws weights_damaged, model_unsupported, worker_lost, aborted, and what the weights' reader throws. */
export async function openEngine(host: Host, signal: AbortSignal, request: EngineRequest): Promise<Scorer> {
  const { manifest, weights, arithmetic, onProgress } = request
  throwIfAborted(signal)
  const workers = Math.min(request.workers > 0 ? request.workers : Math.max(1, host.threads), MOST_WORKERS)
  const compiling = compile(host, request.build ?? bestBuild(), arithmetic)
  const [file, { module, choice }] = await Promise.all([openTensors(signal, weights), compiling])
  const sizes = readSizes(manifest, arithmetic, wordStorage(file.header))

  const { weightsEnd, scratchBytes } = await measure(module, sizes, host.canShareMemory)
  const area = areaBytes(sizes.rows, scratchBytes)
  const firstArea = Math.ceil(weightsEnd / PAGE_BYTES) * PAGE_BYTES
  // Packing happens where the workers' areas will be.
  const behind = Math.max(benchBytes(sizes), host.canShareMemory ? workers * area : 0)
  const instance = await openInstance(module, createMemory(firstArea + behind, host.canShareMemory), sizes)
  await loadWeights(signal, instance, file, (done) => onProgress?.(done, weights.bytes))
  throwIfAborted(signal)

  const open = (index: number): { message: OpenMessage; transfer: ArrayBuffer[] } => {
    const message = { kind: 'open' as const, module, sizes, areaBytes: area, choice }
    if (host.canShareMemory)
      return { message: { ...message, weights: { memory: instance.memory }, area: firstArea + index * area }, transfer: [] }
    const copy = copyOfWeights(instance)
    return { message: { ...message, weights: { copy }, area: firstArea }, transfer: [copy] }
  }
  const pool = new Pool({ workers, spawn: () => host.spawn(), open })
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
  return createScorer(pool, sizes.rows, workers, arithmetic)
}

/** Compiles a build and chooses its kernels; where relaxed SIMD gets integers wrong, the plain build. */
async function compile(host: Host, build: Build, arithmetic: Arithmetic): Promise<{ module: WebAssembly.Module; choice: Choice }> {
  const module = await host.compile(build, host.canShareMemory)
  const choice = build === 'plain' ? PLAIN : await chooseKernels(module, host.canShareMemory, arithmetic === 'int8')
  return choice === null ? compile(host, 'plain', arithmetic) : { module, choice }
}

function createScorer(pool: Pool, rows: number, workers: number, arithmetic: Arithmetic): Scorer {
  return {
    device: 'cpu',
    description: `engine, ${String(workers)} ${workers === 1 ? 'worker' : 'workers'}, ${arithmetic}`,
    workers,
    async score(signal, asked, onLogits) {
      throwIfAborted(signal)
      const inputs = sharedPrefixOnly(asked)
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

function copyOfWeights({ memory, weightsEnd }: Instance): ArrayBuffer {
  const copy = new ArrayBuffer(weightsEnd)
  new Uint8Array(copy).set(new Uint8Array(memory.buffer, 0, weightsEnd))
  return copy
}
