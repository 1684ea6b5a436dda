// Heads that are computed in parts, so that no buffer is larger than a GPU binds: the same logits, and what every node gives is measured. The tiny
// checkpoints stand in for the long texts of large ones, with a limit as much smaller.
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { collectLogits } from '../../src/adapters/ort/collect'
import { writeModel } from '../../src/core/compile'
import { openEmbedding } from '../../src/core/compile/embedding'
import type { Feeds } from '../../src/core/compile/feeds'
import { MessageWriter } from '../../src/core/compile/protobuf'
import { readSafetensors } from '../../src/core/compile/safetensors'
import { planBatches } from '../../src/core/encode/batches'
import { FOLDERS, fixtureBytes, fixtureJson } from '../unit/checkpoint-source'
import { messages, strings } from '../unit/compile-protobuf'
import { checkpointManifest, readPairsGolden } from './engine-checkpoints'
import { largestError } from './engine-golden'

const BATCH_TOKENS = 2048
/** So small that of no architecture all heads fit. */
const ONE_BY_ONE = 1

/** The graph of a fixture, with every intermediate result among its outputs. */
async function open(folder: string, bufferBytes?: number) {
  const golden = readPairsGolden(fixtureJson(`${folder}/golden.json`))
  const manifest = checkpointManifest(fixtureJson(`${folder}/config.json`), fixtureJson(`${folder}/golden.json`))
  const file = fixtureBytes(`${folder}/model.safetensors`)
  const stored = readSafetensors('w', file, file.length)
  const { graph, tables, feed } = writeModel(manifest, stored, null, bufferBytes)
  const onnx = graph.encode()
  const names = messages(messages(onnx, 7)[0]!, 1).flatMap((node) => strings(node, 2))
  const outputs = new MessageWriter()
  for (const name of names) if (name !== 'logits') outputs.message(12, new MessageWriter().string(1, name))
  // A message that comes twice is one: https://protobuf.dev/programming-guides/encoding/#last-one-wins
  const whole = Uint8Array.from([...onnx, ...new MessageWriter().message(7, outputs).finish()])
  const session = await ort.InferenceSession.create(whole, {
    externalData: [{ path: 'w', data: file }],
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  })
  const embedding = openEmbedding(stored, file, tables)
  return {
    golden,
    run: async (batch: Parameters<typeof feed>[1], inputs: Parameters<typeof feed>[2], asked = ['logits', ...names]) =>
      session.run(tensors(feed(embedding, batch, inputs)), asked),
  }
}
function tensors(feeds: Feeds): Record<string, ort.Tensor> {
  const typed = ({ data, shape }: Feeds[string]): ort.Tensor => {
    if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape)
    return data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('int64', data as BigInt64Array, shape)
  }
  return Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, typed(value)]))
}

describe.each(FOLDERS)('heads in parts: %s', (folder) => {
  it('give the logits of PyTorch within 1e-4', async () => {
    const { golden, run } = await open(folder, ONE_BY_ONE)
    const inputs = golden.map(({ input }) => input)
    const logits: number[][] = []
    const collect = collectLogits(inputs, (index, values) => (logits[index] = [...values]))
    for (const batch of planBatches(inputs, 512)) collect(batch, (await run(batch, inputs, ['logits']))['logits']!.data as Float32Array)
    expect(largestError(golden, logits)).toBeLessThan(1e-4)
  })

  it('make no buffer larger than the limit', async () => {
    const largest = async (bufferBytes?: number): Promise<number> => {
      const { golden, run } = await open(folder, bufferBytes)
      const inputs = Array.from({ length: 8 }, () => golden.map(({ input }) => input)).flat()
      const batches = planBatches(inputs, BATCH_TOKENS)
      const full = batches.reduce((most, batch) =>
        batch.pieces.length * batch.choices[0]! > most.pieces.length * most.choices[0]! ? batch : most,
      )
      const results = Object.values(await run(full, inputs))
      return Math.max(...results.map(({ dims }) => 4 * dims.reduce((product, size) => product * size, 1)))
    }
    const whole = await largest()
    const limit = Math.ceil(whole / 2)
    const parts = await largest(limit)
    expect([parts <= limit, parts < whole]).toEqual([true, true])
  })
})
