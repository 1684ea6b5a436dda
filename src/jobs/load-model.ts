// Opens a model on a device: manifest and tokenizer, then the weights as they arrive, then the self-test. `auto` starts on the CPU engine,
// which answers within half a second; where there is a real GPU, a file that would keep the CPU busy for long is raced on both first, and
// the whole run then goes to the faster one, so that a run's result comes from one device.
import { createEncoder, type Encoder } from '../core/encode'
import { AppError } from '../core/errors'
import { parseManifest, weightFile } from '../core/manifest'
import type { Clock, ModelFileReader, Scorer } from '../core/ports'
import { runSelfTest } from '../core/score/self-test'
import type { Arithmetic, Device, Manifest, ModelInput, Precision } from '../core/types'
import { readJson, type CachedFolder } from './cached-folder'

export interface Choice {
  modelId: string
  precision: Precision
  device: 'auto' | Device
  arithmetic: Arithmetic
  /** 0: as many as help. */
  workers: number
}
export interface OpenRequest {
  manifest: Manifest
  weights: ModelFileReader
  /** The files that an .onnx file keeps its weights in. */
  data: readonly ModelFileReader[]
  precision: Precision
  arithmetic: Arithmetic
  /** Whether 16-bit weights are computed with in 16 bits, where the device can. */
  mayUseHalf: boolean
  workers: number
}
export interface ModelDeps {
  clock: Clock
  openCpu(signal: AbortSignal, request: OpenRequest): Promise<Scorer>
  /** Rejects with device_unavailable, device_memory, … */
  openGpu(signal: AbortSignal, request: OpenRequest): Promise<Scorer>
  findGpu(): Promise<'hardware' | 'software' | 'none'>
}
export type Reason =
  | { code: 'chosen' | 'cpu_first' | 'gpu_missing' | 'gpu_software'; detail: Record<string, never> }
  | { code: 'cpu_quick'; detail: { seconds: number } }
  | { code: 'gpu_faster' | 'cpu_faster'; detail: { webgpu: number; cpu: number } }
  | { code: 'gpu_failed'; detail: { message: string } }

export interface LoadedModel {
  manifest: Manifest
  choice: Choice
  encoder: Encoder
  scorer: Scorer
  reason: Reason
  speeds: { cpu: number | null; webgpu: number | null }
  weightBytes: number
  loadSeconds: number
  /** Largest error of the self-test's logits on this device. */
  selfTestError: number
  folder: CachedFolder<Manifest>
}
export type Phase = 'checking' | 'fetching' | 'unpacking' | 'testing'

export async function readManifest(
  signal: AbortSignal,
  readAll: (signal: AbortSignal, name: string) => Promise<Uint8Array>,
): Promise<Manifest> {
  const bytes = await readAll(signal, 'model.json')
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new AppError('model_manifest', { field: 'model.json', value: 'not JSON', hint: 'Fetch the model again.' })
  }
  return parseManifest(json)
}

/** The files beside an .onnx file that hold its weights; none of another model. */
export function dataFiles({ manifest, file }: CachedFolder<Manifest>): ModelFileReader[] {
  return manifest.layout === 'pairs' && manifest.graph ? manifest.graph.data.map(file) : []
}

/** Throws model_precision, model_file_missing, weights_damaged, tokenizer_damaged, self_test_failed, device_unavailable, … */
export async function loadModel(
  signal: AbortSignal,
  folder: CachedFolder<Manifest>,
  choice: Choice,
  deps: ModelDeps,
): Promise<LoadedModel> {
  const startedAt = deps.clock.now()
  const { manifest } = folder
  const file = weightFile(manifest, choice.precision)
  const encoder = createEncoder({
    tokenizerJson: await readJson(signal, folder.file('tokenizer.json')),
    manifest,
    frequencies: await readJson(signal, folder.file('stems.json')),
  })
  const request = requestOf(folder, choice)
  const gpu = choice.device === 'auto' ? await deps.findGpu() : 'none'
  const open = choice.device === 'webgpu' ? deps.openGpu : deps.openCpu
  const { scorer, error } = await openTested(signal, open, request, encoder)
  const reason: Reason =
    choice.device !== 'auto'
      ? { code: 'chosen', detail: {} }
      : { code: gpu === 'hardware' ? 'cpu_first' : gpu === 'software' ? 'gpu_software' : 'gpu_missing', detail: {} }
  return {
    manifest,
    choice,
    encoder,
    scorer,
    reason,
    speeds: { cpu: null, webgpu: null },
    weightBytes: file.bytes,
    loadSeconds: (deps.clock.now() - startedAt) / 1000,
    selfTestError: error,
    folder,
  }
}

/** Half precision is only for what a self-test can vouch for. */
function requestOf(folder: CachedFolder<Manifest>, { precision, arithmetic, workers }: Choice): OpenRequest {
  const { manifest } = folder
  const weights = folder.file(weightFile(manifest, precision).name)
  return { manifest, weights, data: dataFiles(folder), precision, arithmetic, mayUseHalf: manifest.selfTest !== null, workers }
}

/** Where half precision fails the self-test, the same device computes in 32 bits. */
async function openTested(
  signal: AbortSignal,
  open: ModelDeps['openCpu'],
  request: OpenRequest,
  encoder: Encoder,
): Promise<{ scorer: Scorer; error: number }> {
  const scorer = await open(signal, request)
  try {
    const { error, tolerance } = await runSelfTest(signal, scorer, encoder, request.manifest, request.precision, request.arithmetic)
    if (!(error <= tolerance)) throw new AppError('self_test_failed', { device: scorer.description, error: error.toFixed(4), tolerance })
    return { scorer, error }
  } catch (error) {
    await scorer.close()
    if (scorer.isHalf && error instanceof AppError && error.code !== 'aborted')
      return openTested(signal, open, { ...request, mayUseHalf: false }, encoder)
    throw error
  }
}

/** A file that takes the CPU less than this is not raced: opening the GPU would take longer. */
const QUICK_SECONDS = 8
const RACE_QUESTIONS = 16

/**
 * Decides where `auto` runs a file of `total` questions, of which `inputs` are the first. Replaces the model's scorer by the GPU's where
 * that is faster; a GPU that fails its self-test or cannot be opened is the reason given for the CPU.
 */
export async function raceDevices(
  signal: AbortSignal,
  model: LoadedModel,
  inputs: readonly ModelInput[],
  total: number,
  deps: ModelDeps,
): Promise<void> {
  if (model.reason.code !== 'cpu_first' && model.reason.code !== 'cpu_quick') return
  const sample = inputs.slice(0, RACE_QUESTIONS)
  if (sample.length === 0) return
  const cpu = await questionsPerSecond(signal, model.scorer, sample, deps.clock)
  model.speeds.cpu = cpu
  const seconds = total / cpu
  if (seconds < QUICK_SECONDS) {
    model.reason = { code: 'cpu_quick', detail: { seconds: Math.ceil(seconds) } }
    return
  }
  const request = requestOf(model.folder, { ...model.choice, workers: 0 })
  let gpu: Scorer
  try {
    gpu = (await openTested(signal, deps.openGpu, request, model.encoder)).scorer
    await questionsPerSecond(signal, gpu, sample, deps.clock) // compiles the shaders of these lengths
    model.speeds.webgpu = await questionsPerSecond(signal, gpu, sample, deps.clock)
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'aborted') throw error
    model.reason = { code: 'gpu_failed', detail: { message: error.message } }
    return
  }
  const webgpu = model.speeds.webgpu
  if (webgpu > cpu) {
    await model.scorer.close()
    model.scorer = gpu
  } else await gpu.close()
  model.reason = { code: webgpu > cpu ? 'gpu_faster' : 'cpu_faster', detail: { webgpu, cpu } }
}

async function questionsPerSecond(signal: AbortSignal, scorer: Scorer, inputs: readonly ModelInput[], clock: Clock): Promise<number> {
  const startedAt = clock.now()
  await scorer.score(signal, inputs, () => undefined)
  return inputs.length / Math.max(1e-3, (clock.now() - startedAt) / 1000)
}
