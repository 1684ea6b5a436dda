// The self-test of a model that nobody published logits for: one question answered with its own weights by the graph, on a runtime that
// everybody has, a part of the model at a time, so that its size does not matter. Every device is then compared with that, so that a wrong kernel
// or a damaged driver is noticed.
import { SELF_TEST_QUESTION } from '../core/checkpoint/self-test-question'
import { createEncoder } from '../core/encode'
import { AppError, type ErrorCode } from '../core/errors'
import type { Scorer, SeekableFile } from '../core/ports'
import type { Manifest, SelfTest } from '../core/types'
import { readJson, type CachedFolder } from './cached-folder'
import { dataFiles, type OpenRequest } from './load-model'

export type ReferenceRequest = Pick<OpenRequest, 'manifest' | 'data' | 'precision'> & {
  weights: SeekableFile
  /** Counts bytes of weights. */
  onProgress(done: number, total: number): void
}

/** What says that the runtime cannot be had here, which is nothing against the model. */
const NOT_HERE: readonly ErrorCode[] = ['device_unavailable', 'device_memory']

/**
 * `open`: the graph on onnxruntime's CPU. Null where the graph cannot be written or the runtime cannot be had; what is wrong with a graph that came
 * as a file is thrown.
 */
export async function makeSelfTest(
  signal: AbortSignal,
  folder: CachedFolder<Manifest>,
  open: (signal: AbortSignal, request: ReferenceRequest) => Promise<Scorer>,
  onProgress: ReferenceRequest['onProgress'],
): Promise<SelfTest | null> {
  const { manifest } = folder
  const { name, precision } = manifest.files.find((file) => file.precision !== undefined)!
  const tokenizerJson = await readJson(signal, folder.file('tokenizer.json'))
  const encoder = createEncoder({ tokenizerJson, manifest, frequencies: await readJson(signal, folder.file('stems.json')) })
  try {
    const scorer = await open(signal, { manifest, weights: folder.file(name), data: dataFiles(folder), precision: precision!, onProgress })
    try {
      let logits: number[] = []
      await scorer.score(signal, [encoder.encode(SELF_TEST_QUESTION, Infinity).input], (_, answer) => (logits = Array.from(answer)))
      return { question: SELF_TEST_QUESTION, logits, tolerance: {} }
    } finally {
      await scorer.close()
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (NOT_HERE.includes(error.code)) return null
    if (error.code === 'model_unsupported' && manifest.architecture !== 'onnx') return null
    throw error
  }
}
