// The graph computed a segment at a time against the same graph in one piece, on onnxruntime-node: every tiny checkpoint in every precision, and the
// tiny model of layout shared-prefix. tests/browser/ort-checkpoints.test.ts does it in WebAssembly.
import { describe, expect, it } from 'vitest'
import { openOrtNode, openOrtNodeReference } from '../../src/adapters/ort/node'
import { openCheckpoint } from '../../src/core/checkpoint'
import type { Scorer, SeekableFile } from '../../src/core/ports'
import { PRECISIONS, type Manifest, type ModelInput, type Precision } from '../../src/core/types'
import { headerEnd, readSafetensors } from '../../src/core/compile/safetensors'
import { FOLDERS, fixtureJson, fixtureSources } from '../unit/checkpoint-source'
import { checkpointManifest, readPairsGolden, seekable } from './engine-checkpoints'
import type { GoldenItem } from './engine-golden'
import { scoreAll } from './engine-golden'
import * as tiny from './ort-tiny'
import { weightsIn } from './weights-in'

const never = new AbortController().signal
/** Less than the largest weight of any of them: most segments have one. */
const SEGMENT_BYTES = 8_000

interface Model {
  manifest: Manifest
  precision: Precision
  weights: SeekableFile
}
async function answers(scorer: Scorer, items: readonly GoldenItem<ModelInput>[]): Promise<number[][]> {
  const logits = await scoreAll(scorer, [...items])
  await scorer.close()
  return logits
}
async function compare(model: Model, items: readonly GoldenItem<ModelInput>[]): Promise<number> {
  // In one piece weights of blocks are widened; both are the same numbers.
  const whole = await answers(await openOrtNode(never, { ...model, device: 'cpu', threads: 1 }), items)
  const inSegments = await answers(await openOrtNodeReference(never, { ...model, threads: 1 }, SEGMENT_BYTES), items)
  return Math.max(...whole.flatMap((row, i) => row.map((logit, c) => Math.abs(logit - (inSegments[i]![c] ?? NaN)))))
}

describe.each(FOLDERS)('a checkpoint in segments: %s', (folder) => {
  it.each(PRECISIONS)('gives the logits of the whole graph within 1e-5: %s', async (precision) => {
    const manifest = checkpointManifest(fixtureJson(`${folder}/config.json`), fixtureJson(`${folder}/golden.json`))
    const bytes = await weightsIn((await openCheckpoint('a test', fixtureSources(folder))).weights, precision)
    const items = readPairsGolden(fixtureJson(`${folder}/golden.json`)).slice(0, 4)
    expect(await compare({ manifest, precision, weights: seekable('weights', bytes) }, items)).toBeLessThan(1e-5)
  })
})

describe('the tiny model in segments', () => {
  it.each(['fp16', 'q8', 'q4'] as const)('gives the logits of the whole graph within 1e-5: %s', async (precision) => {
    const weights = seekable('weights', tiny.bytesOf(precision))
    expect(await compare({ manifest: tiny.manifest, precision, weights }, tiny.items)).toBeLessThan(1e-5)
  })
  const open = (weights: SeekableFile) =>
    openOrtNodeReference(never, { manifest: tiny.manifest, precision: 'q8', weights, threads: 1 }, SEGMENT_BYTES)

  it('reads a tensor at a time, and of words only what it needs', async () => {
    const bytes = tiny.bytesOf('q8')
    const file = seekable('weights', bytes)
    const { tensors } = readSafetensors('weights', bytes, bytes.length)
    const sizes = [...tensors].flatMap(([name, tensor]) => (name.endsWith('word_embeddings.weight') ? [] : [tensor.bytes]))
    const most = Math.max(headerEnd('weights', bytes), ...sizes)
    let largest = 0
    const weights: SeekableFile = {
      ...file,
      stream: () => {
        throw new Error('read whole')
      },
      read(signal, offset, length) {
        largest = Math.max(largest, length)
        return file.read(signal, offset, length)
      },
    }
    const logits = await answers(await open(weights), tiny.items)
    expect(logits.every((row) => row.length > 0)).toBe(true)
    expect(largest).toBeLessThanOrEqual(most)
  })
  it('stops between two segments when its signal aborts', async () => {
    const file = seekable('weights', tiny.bytesOf('q8'))
    const stop = new AbortController()
    let reads = 0
    const weights: SeekableFile = {
      ...file,
      read(signal, offset, length) {
        if (signal === stop.signal && ++reads === 40) stop.abort()
        return file.read(signal, offset, length)
      },
    }
    const scorer = await open(weights)
    await expect(scorer.score(stop.signal, [tiny.items[0]!.input], () => undefined)).rejects.toMatchObject({ code: 'aborted' })
  })
  it('says that a file is damaged', async () => {
    const bytes = tiny.bytesOf('q8')
    await expect(open(seekable('weights', bytes.subarray(0, bytes.length - 4)))).rejects.toMatchObject({ code: 'weights_damaged' })
    await expect(open(seekable('weights', bytes.subarray(0, 5)))).rejects.toMatchObject({ code: 'weights_damaged' })
  })
})
