// Scores questions on onnxruntime, whichever build and device. Questions go in batches of like lengths; a device that refuses memory gets
// batches half as large, one that is lost gets a new session, and the run goes on where it was. Logits do not depend on the batch beyond
// the last bits of a float.
import { compileModel, type Feeds } from '../../core/compile'
import { batchTokens, divideBatch, planBatches, type Batch } from '../../core/encode/batches'
import { AppError, throwIfAborted } from '../../core/errors'
import { feedPlainGraph } from '../../core/onnx-file/feeds'
import type { ModelFileReader, Scorer } from '../../core/ports'
import { readWhole } from '../../core/read-whole'
import type { Arithmetic, Device, Manifest, ModelInput, Precision } from '../../core/types'
import { collectLogits } from './collect'
import { toRefusal } from './refusal'
import type { GraphFile, Session } from './session'

export interface OrtRequest {
  manifest: Manifest
  weights: ModelFileReader
  /** The files of `manifest.graph.data`, where the weights are an .onnx file. */
  data?: readonly ModelFileReader[]
  precision: Precision
  /** Integers are computed with on the CPU alone, and where the weights are quantized. */
  arithmetic?: Arithmetic
}
/** A build of onnxruntime on a device. */
export interface Runtime {
  /** For people: "onnxruntime, WebGPU". */
  readonly name: string
  readonly device: Device
  /** Tokens of a batch, padding included, until the device refuses one. */
  readonly budget: number
  /** Bits of a weight in integer arithmetic, where the device has that: 7 where 8 overflow. */
  integerBits?(): Promise<7 | 8>
  open(graph: GraphFile): Promise<Session>
}
interface Opened {
  feed(batch: Batch, inputs: readonly ModelInput[]): Feeds
  session: Session
}

/** Questions that are sorted by shape at a time. */
const WINDOW = 4096
/** A device can be lost for many reasons (the machine slept); batches do not shrink below this many tokens for it. */
const LEAST_AFTER_LOSS = 256

/** Throws weights_damaged, model_unsupported, device_unavailable, device_memory, aborted. */
export async function openScorer(signal: AbortSignal, request: OrtRequest, runtime: Runtime): Promise<Scorer> {
  let opened = await open(signal, request, runtime)
  let budget = runtime.budget
  let turn: Promise<unknown> = Promise.resolve() // calls of score() wait for each other: a session runs one batch at a time

  async function scoreWindow(
    runSignal: AbortSignal,
    inputs: readonly ModelInput[],
    onLogits: (index: number, logits: Float32Array) => void,
  ): Promise<void> {
    const collect = collectLogits(inputs, onLogits)
    const queue = planBatches(inputs, budget)
    let isRenewed = false
    for (let batch = queue.shift(); batch; batch = queue.shift()) {
      throwIfAborted(runSignal)
      const halves = batchTokens(batch) > budget ? divideBatch(batch, inputs) : null
      if (halves) {
        queue.unshift(...halves)
        continue
      }
      let logits: Float32Array | null = null
      try {
        logits = await opened.session.run(opened.feed(batch, inputs))
      } catch (error) {
        const refusal = toRefusal(error, runtime.name)
        const isMemory = refusal.code === 'device_memory'
        if (isMemory ? !divideBatch(batch, inputs) : isRenewed) throw refusal
        // A lost device is most often one that was asked for too much, so that too halves the budget, down to a reasonable batch.
        const half = Math.floor(Math.min(budget, batchTokens(batch)) / 2)
        budget = isMemory ? half : Math.min(budget, Math.max(half, LEAST_AFTER_LOSS))
        queue.unshift(batch)
        if (!isMemory) {
          await opened.session.release().catch(() => undefined)
          opened = await open(runSignal, request, runtime)
          isRenewed = true
        }
      }
      if (logits) {
        isRenewed = false
        checkCount(logits, batch)
        collect(batch, logits)
      }
      await macrotask()
    }
  }

  return {
    device: runtime.device,
    description: `${runtime.name}, ${request.precision}`,
    workers: 1,
    score(runSignal, inputs, onLogits) {
      const run = turn.then(async () => {
        for (let from = 0; from < inputs.length; from += WINDOW) {
          await scoreWindow(runSignal, inputs.slice(from, from + WINDOW), (index, logits) => {
            onLogits(from + index, logits)
          })
        }
        throwIfAborted(runSignal)
      })
      turn = run.catch(() => undefined)
      return run
    },
    async close() {
      await turn
      await opened.session.release()
    },
  }
}

async function open(signal: AbortSignal, request: OrtRequest, runtime: Runtime): Promise<Opened> {
  const { graph, feed } = await readGraph(signal, request, request.arithmetic === 'int8' ? ((await runtime.integerBits?.()) ?? null) : null)
  throwIfAborted(signal)
  try {
    return { feed, session: await runtime.open(graph) }
  } catch (error) {
    const refusal = toRefusal(error, runtime.name)
    // The CPU is always there: it is the file that cannot be used.
    if (request.manifest.architecture === 'onnx' && runtime.device === 'cpu' && refusal.code === 'device_unavailable')
      throw new AppError('checkpoint_damaged', {
        file: request.weights.name,
        reason: `onnxruntime says: ${String(refusal.detail['reason'])}`,
      })
    throw refusal
  }
}

/** The graph that is written for the weights, or the one that came as a file. */
async function readGraph(
  signal: AbortSignal,
  request: OrtRequest,
  weightBits: 7 | 8 | null,
): Promise<{ graph: GraphFile } & Pick<Opened, 'feed'>> {
  const { manifest, weights } = request
  const bytes = await readWhole(signal, weights)
  const plain = manifest.layout === 'pairs' ? manifest.graph : undefined
  if (plain) {
    const external: GraphFile['external'] = []
    for (const file of request.data ?? []) external.push({ path: file.name, data: await readWhole(signal, file) })
    return {
      graph: { onnx: bytes, external, output: plain.output },
      feed: (batch, inputs) => feedPlainGraph(plain, batch, inputs),
    }
  }
  const { onnx, location, external, feed } = compileModel(manifest, weights.name, bytes, weightBits)
  return { graph: { onnx, external: [{ path: location, data: bytes }, ...external], output: 'logits' }, feed }
}

/** A graph that came as a file is anything until it has run. */
function checkCount(logits: Float32Array, { pieces, choices }: Batch): void {
  const pairs = pieces.length * choices.length
  if (logits.length === pairs) return
  const value = `${String(logits.length)} numbers for ${String(pairs)} pairs`
  throw new AppError('model_unsupported', { field: 'what the graph gives', value, known: 'one logit for each pair' })
}

/** Lets messages, an abort among them, in between two batches: on the CPU a batch never waits for anything. */
const macrotask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
