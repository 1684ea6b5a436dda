// Scores questions on onnxruntime, whichever build and device. Questions go in batches of like lengths; a device that refuses memory gets
// batches half as large, one that is lost gets a new session, and the run goes on where it was. Logits do not depend on the batch beyond
// the last bits of a float.
import { compileModel, type Feeds } from '../../core/compile'
import { widenedBytes } from '../../core/compile/blocks'
import { readSafetensors } from '../../core/compile/safetensors'
import { batchTokens, divideBatch, planBatches, type Batch } from '../../core/encode/batches'
import { AppError, throwIfAborted } from '../../core/errors'
import { feedPlainGraph, mostRows, rowCount } from '../../core/onnx-file/feeds'
import type { ModelFileReader, Scorer } from '../../core/ports'
import { readWhole } from '../../core/read-whole'
import type { Arithmetic, Device, Manifest, ModelInput, Precision } from '../../core/types'
import { collectLogits } from './collect'
import { macrotask } from './macrotask'
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
  /** Whether 16-bit weights are computed with in 16 bits, where the device can. */
  mayUseHalf?: boolean
}
/** A build of onnxruntime on a device. */
export interface Runtime {
  /** For people: "onnxruntime, WebGPU". */
  readonly name: string
  readonly device: Device
  /** Tokens of a batch, padding included, until the device refuses one. */
  readonly budget: number
  /** Bytes up to which weights in blocks are widened to float32 when the model is opened; where it does not say, they stay as they are. */
  readonly mostWidenedBytes?: number
  /** Bits of a weight in integer arithmetic, where the device has that: 7 where 8 overflow. */
  integerBits?(): Promise<7 | 8>
  /** Whether the device computes in half precision. */
  computesInHalf?(): Promise<boolean>
  open(graph: GraphFile): Promise<Session>
}
interface Opened {
  feed(batch: Batch, inputs: readonly ModelInput[]): Feeds
  /** Pieces of a batch of so many tokens, at most, where the graph says it. */
  mostPieces?(tokens: number): number
  session: Session
  arithmetic: Arithmetic | 'half'
}

/** Questions that are sorted by shape at a time. */
const WINDOW = 4096
/** A device can be lost for many reasons (the machine slept); batches do not shrink below this many tokens for it. */
const LEAST_AFTER_LOSS = 256

/** Throws weights_damaged, model_unsupported, device_unavailable, device_memory, aborted. */
export async function openScorer(signal: AbortSignal, request: OrtRequest, runtime: Runtime): Promise<Scorer> {
  let opened = await open(signal, request, runtime)
  let inFull: Opened | null = null // beside `opened`, where that computes in half precision and some numbers were too large for it
  let budget = runtime.budget
  let turn: Promise<unknown> = Promise.resolve() // calls of score() wait for each other: a session runs one batch at a time

  async function scoreWindow(
    runSignal: AbortSignal,
    inputs: readonly ModelInput[],
    onLogits: (index: number, logits: Float32Array) => void,
  ): Promise<void> {
    const collect = collectLogits(inputs, onLogits)
    const queue = planBatches(inputs, budget, opened.mostPieces?.(budget))
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
        const feeds = opened.feed(batch, inputs)
        logits = await opened.session.run(feeds)
        if (opened.arithmetic === 'half' && !logits.every(Number.isFinite)) {
          // Only those that overflowed are replaced: an answer depends on its question, not on what it shared a batch with.
          inFull ??= await open(runSignal, { ...request, mayUseHalf: false }, runtime)
          const again = await inFull.session.run(feeds)
          logits = logits.map((logit, i) => (Number.isFinite(logit) ? logit : again[i]!))
        }
        checkCount(logits, feeds, batch)
      } catch (error) {
        const refusal = toRefusal(error, runtime.name)
        const isMemory = refusal.code === 'device_memory'
        if (isMemory ? !divideBatch(batch, inputs) : isRenewed) throw refusal
        // A lost device is most often one that was asked for too much, so that too halves the budget, down to a reasonable batch.
        const half = Math.floor(Math.min(budget, batchTokens(batch)) / 2)
        budget = isMemory ? half : Math.min(budget, Math.max(half, LEAST_AFTER_LOSS))
        queue.unshift(batch)
        if (!isMemory) {
          await release().catch(() => undefined)
          opened = await open(runSignal, request, runtime)
          isRenewed = true
        }
      }
      if (logits) {
        isRenewed = false
        collect(batch, logits)
      }
      await macrotask()
    }
  }

  async function release(): Promise<void> {
    const sessions = [opened.session, ...(inFull ? [inFull.session] : [])]
    inFull = null
    await Promise.all(sessions.map((session) => session.release()))
  }

  return {
    device: runtime.device,
    description: describe(runtime, request.precision, opened.arithmetic),
    workers: 1,
    isHalf: opened.arithmetic === 'half',
    isBlocking: runtime.device === 'cpu', // onnxruntime-web's and onnxruntime-node's run() return when they are done
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
      await release()
    },
  }
}

function describe({ name, device }: Runtime, precision: Precision, arithmetic: Opened['arithmetic']): string {
  if (device === 'cpu') return `${name}, ${precision}, ${arithmetic}`
  return `${name}, ${precision}${arithmetic === 'half' ? ', computed in 16 bits' : ''}`
}

async function open(signal: AbortSignal, request: OrtRequest, runtime: Runtime): Promise<Opened> {
  const { graph, ...rest } = await readGraph(signal, request, runtime)
  throwIfAborted(signal)
  try {
    return { ...rest, session: await runtime.open(graph) }
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
  runtime: Runtime,
): Promise<{ graph: GraphFile } & Omit<Opened, 'session'>> {
  const { manifest, weights } = request
  const bytes = await readWhole(signal, weights)
  const plain = manifest.layout === 'pairs' ? manifest.graph : undefined
  if (plain) {
    const external: GraphFile['external'] = []
    for (const file of request.data ?? []) external.push({ path: file.name, data: await readWhole(signal, file) })
    return {
      graph: { onnx: bytes, external, output: plain.output },
      arithmetic: 'float',
      feed: (batch, inputs) => feedPlainGraph(plain, batch, inputs),
      mostPieces: (tokens) => mostRows(plain, tokens),
    }
  }
  const weightBits = await chooseBits(request, runtime, widenedBytes(readSafetensors(weights.name, bytes, bytes.length)))
  const { onnx, location, external, feed } = compileModel(manifest, weights.name, bytes, weightBits)
  return {
    graph: { onnx, external: [{ path: location, data: bytes }, ...external], output: 'logits' },
    feed,
    arithmetic: weightBits === 7 || weightBits === 8 ? 'int8' : weightBits === 16 ? 'half' : 'float',
  }
}

/** How to compute with weights, of which those in blocks would be `widened` bytes in float32: see compileModel. */
async function chooseBits(
  { arithmetic, precision, mayUseHalf = true }: OrtRequest,
  runtime: Runtime,
  widened: number,
): Promise<7 | 8 | 16 | 32 | null> {
  if (precision === 'fp16' && mayUseHalf && (await runtime.computesInHalf?.())) return 16
  if (widened === 0) return null
  const bits = arithmetic === 'int8' ? await runtime.integerBits?.() : undefined
  return bits ?? (widened <= (runtime.mostWidenedBytes ?? 0) ? 32 : null)
}

/** A graph that came as a file is anything until it has run; its axes may ask for more pairs than there are, which then come last. */
function checkCount(logits: Float32Array, feeds: Feeds, { pieces, choices }: Batch): void {
  const ids = feeds['input_ids']
  const pairs = ids ? rowCount(ids.shape) : pieces.length * choices.length
  if (logits.length === pairs) return
  const value = `${String(logits.length)} numbers for ${String(pairs)} pairs`
  throw new AppError('model_unsupported', { field: 'what the graph gives', value, known: 'one logit for each pair' })
}
