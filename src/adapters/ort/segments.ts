// Answers questions with a model of any size in little memory: the graph is cut into segments, of which one at a time is opened, with its weights
// read from the file for it alone. For a few questions, since every call reads all weights; what a question carries from one segment to the next
// is held for all questions at once. The reference that a device is compared with is made by this.
import type * as OrtModule from 'onnxruntime-web'
import { writeModel } from '../../core/compile'
import { readEmbedding } from '../../core/compile/embedding'
import { isElementType, type Value, type ValueType } from '../../core/compile/onnx-messages'
import { headerEnd, readSafetensors, type Safetensors } from '../../core/compile/safetensors'
import { cutGraph, encodeSegment, packWeights, SEGMENT_FILE, type Segment } from '../../core/compile/segments'
import { planBatches } from '../../core/encode/batches'
import { throwIfAborted } from '../../core/errors'
import type { Scorer, SeekableFile } from '../../core/ports'
import type { Manifest, ModelInput, Precision } from '../../core/types'
import { collectLogits } from './collect'
import { macrotask } from './macrotask'
import { toRefusal } from './refusal'
import { toTensor, type Ort } from './session'

export interface SegmentRequest {
  manifest: Manifest
  weights: SeekableFile
  precision: Precision
  /** Counts bytes of weights, anew for each call of score(). */
  onProgress?: (done: number, total: number) => void
}
/** onnxruntime on a CPU. */
export interface SegmentRuntime {
  /** For people: "onnxruntime, CPU". */
  readonly name: string
  readonly ort: Ort
  create(onnx: Uint8Array, options: OrtModule.InferenceSession.SessionOptions): Promise<OrtModule.InferenceSession>
}
/** By name, what a batch carries. */
type Values = Map<Value, OrtModule.Tensor>

/** Of stored weights. While a segment is opened onnxruntime holds them up to four times, as they come, widened, and packed for the processor. */
const SEGMENT_BYTES = 12 << 20
/** Tokens of a batch, padding included. */
const BATCH_TOKENS = 512
const OPTIONS = { logSeverityLevel: 3, enableCpuMemArena: false, enableMemPattern: false } as const

/** `budget`: bytes of stored weights that a segment may have. Throws weights_damaged, model_unsupported, device_unavailable, device_memory, aborted. */
export async function openInSegments(
  signal: AbortSignal,
  { manifest, weights, precision, onProgress = () => undefined }: SegmentRequest,
  runtime: SegmentRuntime,
  budget = SEGMENT_BYTES,
): Promise<Scorer> {
  const stored = await readHeader(signal, weights)
  const { graph, tables, feed } = writeModel(manifest, stored)
  const segments = cutGraph(graph, budget)
  const total = segments.reduce((sum, { weightBytes }) => sum + weightBytes, 0)

  async function score(
    runSignal: AbortSignal,
    inputs: readonly ModelInput[],
    onLogits: (index: number, logits: Float32Array) => void,
  ): Promise<void> {
    const collect = collectLogits(inputs, onLogits)
    const batches = planBatches(inputs, BATCH_TOKENS)
    if (batches.length === 0) return
    const read = (offset: number, length: number): Promise<Uint8Array> => weights.read(runSignal, offset, length)
    const embedding = await readEmbedding(stored, read, tables, inputs.flatMap(tokenIds))
    const carried = batches.map((batch): Values => {
      const feeds = Object.entries(feed(embedding, batch, inputs))
      return new Map(feeds.map(([name, { data, shape }]) => [name, toTensor(runtime.ort, data, shape)]))
    })
    let done = 0
    for (const segment of segments) {
      throwIfAborted(runSignal)
      await runSegment(segment, carried, read, runtime)
      onProgress((done += segment.weightBytes), total)
      await macrotask()
    }
    batches.forEach((batch, index) => {
      collect(batch, carried[index]!.get('logits')!.data as Float32Array)
    })
  }
  return {
    device: 'cpu',
    description: `${runtime.name}, ${precision}, in ${segments.length} segments`,
    workers: 1,
    score: (runSignal, inputs, onLogits) =>
      score(runSignal, inputs, onLogits).catch((error: unknown) => {
        throw toRefusal(error, runtime.name)
      }),
    close: () => Promise.resolve(),
  }
}

async function readHeader(signal: AbortSignal, weights: SeekableFile): Promise<Safetensors> {
  const most = (bytes: number): Promise<Uint8Array> => weights.read(signal, 0, Math.min(bytes, weights.bytes))
  return readSafetensors(weights.name, await most(headerEnd(weights.name, await most(8))), weights.bytes)
}

/** Replaces in `carried`, batch by batch, what the segment was the last to need by what it gives. */
async function runSegment(
  segment: Segment,
  carried: readonly Values[],
  read: (offset: number, length: number) => Promise<Uint8Array>,
  { create }: SegmentRuntime,
): Promise<void> {
  const { places, bytes } = packWeights(segment)
  const data = new Uint8Array(bytes)
  for (const { from, bytes: length, to } of places) data.set(await read(from, length), to)
  const onnx = encodeSegment(segment, places, (value) => typeOf(value, carried))
  const session = await create(onnx, { ...OPTIONS, externalData: [{ path: SEGMENT_FILE, data }] })
  try {
    for (const values of carried) {
      const given = await session.run(Object.fromEntries(segment.reads.map((value) => [value, values.get(value)!])), segment.gives)
      for (const value of segment.drops) values.delete(value)
      for (const value of segment.gives) values.set(value, given[value]!)
    }
  } finally {
    await session.release()
  }
}

/** An axis has a number where it is as long in all batches. */
function typeOf(value: Value, carried: readonly Values[]): ValueType {
  const [first, ...others] = carried.map((values) => values.get(value))
  if (!first || !isElementType(first.type)) throw new Error(`internal: ${value} of type ${String(first?.type)}`)
  const shape = first.dims.map((n, axis) => (others.every((tensor) => tensor?.dims[axis] === n) ? n : `${value} ${axis}`))
  return { type: first.type, shape }
}

function tokenIds(input: ModelInput): number[] {
  const sequences = input.layout === 'pairs' ? input.pairs.map(({ ids }) => ids) : [input.prefixIds, ...input.choiceIds]
  return sequences.flatMap((ids) => [...ids])
}
