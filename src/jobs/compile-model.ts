// A Hugging Face checkpoint becomes a model folder: checked first, then written tensor by tensor, 4 MiB at a time, so that a checkpoint of
// gigabytes needs little memory. A model that comes as an .onnx file is checked alike and kept as it is. model.json is returned last, when every
// file it lists is there.
import { openCheckpoint, type ByteSource, type Checkpoint } from '../core/checkpoint'
import { damaged, readExactly } from '../core/checkpoint/source'
import { planWeightFile, weightBytes } from '../core/checkpoint/weight-file'
import { AppError, throwIfAborted } from '../core/errors'
import { MANIFEST_FORMAT } from '../core/manifest'
import type { Clock, ModelFolderWriter, Progress, Sha256 } from '../core/ports'
import { openOnnxModel, type OnnxModel } from '../core/onnx-file'
import { createSha256 } from '../core/sha256'
import type { ModelFile, PairsManifest, Precision, SelfTest } from '../core/types'
import { CHUNK_BYTES, inChunks } from './chunks'
import { createMeter } from './progress'

export interface CompileSettings {
  id: string
  title: string
  /** null: q8, or what the .onnx file is. */
  precision: Precision | null
  /** Tokens of a pair; null for what the tokenizer's settings or the config say. */
  maxTokens: number | null
}
export interface CompileDeps {
  writer: ModelFolderWriter
  sha256: Sha256
  clock: Clock
  /** stems.json of the embedded model, by which contexts are fitted. */
  stems: Uint8Array
  /** Answers the self-test question with the weights that were written; left out or null, the model has no self-test. */
  selfTest?: (signal: AbortSignal, manifest: PairsManifest) => Promise<SelfTest | null>
}

/**
 * `place`: what people call the checkpoint. Progress counts bytes of the weights. After an error or an abort nothing of it is left.
 * Throws what openCheckpoint throws, checkpoint_value, model_precision (of an .onnx file), storage_refused, aborted.
 */
export async function compileCheckpoint(
  signal: AbortSignal,
  place: string,
  sources: readonly ByteSource[],
  settings: CompileSettings,
  deps: CompileDeps,
  onProgress: (progress: Progress) => void,
): Promise<PairsManifest> {
  const onnx = await openOnnxModel(place, sources)
  const model = onnx ?? (await openCheckpoint(place, sources))
  const maxTokens = { pair: pairTokens(model, settings.maxTokens) }
  const { precision } = settings
  if (onnx && precision !== null && precision !== onnx.precision)
    throw new AppError('model_precision', { precision, available: onnx.precision })
  const { writer } = deps
  try {
    const json = new TextEncoder().encode(JSON.stringify(model.tokenizerJson))
    const files = [
      ...('graph' in model
        ? await copyFiles(signal, model, deps, onProgress)
        : [await writeWeights(signal, model, precision ?? 'q8', deps, onProgress)]),
      await writeFile(signal, { name: 'tokenizer.json' }, [json], deps),
      await writeFile(signal, { name: 'stems.json' }, [deps.stems], deps),
    ]
    const manifest: PairsManifest = {
      format: MANIFEST_FORMAT,
      id: settings.id,
      title: settings.title,
      licence: model.licence ?? 'unknown',
      source: place,
      architecture: 'graph' in model ? 'onnx' : model.architecture,
      config: model.config,
      layout: 'pairs',
      maxTokens,
      ...('graph' in model ? { graph: model.graph } : {}),
      template: '{context} #### {prompt}',
      files,
      selfTest: null,
      scores: [],
    }
    return { ...manifest, selfTest: (await deps.selfTest?.(signal, manifest)) ?? null }
  } catch (error) {
    await writer.discard()
    throw error
  }
}

/** What attention computes at a time then fits what GPUs bind, head by head, whatever the model (core/compile/head-groups.ts). */
const MOST_TOKENS = 4096
type Tokens = Pick<Checkpoint, 'mostTokens' | 'usualTokens' | 'tokenizerTokens'>

/** Tokens of a pair, at most. */
export const mostPairTokens = ({ mostTokens }: Pick<Tokens, 'mostTokens'>): number => Math.min(mostTokens ?? Infinity, MOST_TOKENS)

/** Tokens of a pair; `asked`: null for what the model usually reads. Throws model_unsupported where more is asked for than it can read. */
export function pairTokens(model: Tokens, asked: number | null): number {
  const { usualTokens, tokenizerTokens } = model
  const most = mostPairTokens(model)
  if (asked !== null && asked > most)
    throw new AppError('model_unsupported', { field: 'the number of tokens', value: asked, known: `up to ${most}` })
  return asked ?? Math.min(tokenizerTokens ?? usualTokens, most)
}

function writeWeights(
  signal: AbortSignal,
  { weights }: Checkpoint,
  precision: Precision,
  deps: CompileDeps,
  onProgress: (progress: Progress) => void,
): Promise<ModelFile> {
  const { header, bytes, order } = planWeightFile(weights, precision)
  const meter = createMeter(deps.clock)
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let done = header.length
    yield header
    for (const weight of order) {
      for await (const piece of weightBytes(weight, precision)) {
        yield piece
        done += piece.length
        onProgress(meter(done, bytes))
      }
    }
  }
  return writeFile(signal, { name: `weights.${precision}.safetensors`, precision }, pieces(), deps)
}

/** The .onnx file and those of its weights, byte for byte. */
async function copyFiles(
  signal: AbortSignal,
  { files, precision }: OnnxModel,
  deps: CompileDeps,
  onProgress: (progress: Progress) => void,
): Promise<ModelFile[]> {
  const meter = createMeter(deps.clock)
  const total = files.reduce((sum, { source }) => sum + source.bytes, 0)
  let done = 0
  async function* pieces(source: ByteSource): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < source.bytes; at += CHUNK_BYTES) {
      const piece = await readExactly(source, at, Math.min(CHUNK_BYTES, source.bytes - at))
      yield piece
      done += piece.length
      onProgress(meter(done, total))
    }
  }
  const written: ModelFile[] = []
  for (const { name, source } of files) {
    if (source.bytes === 0) throw damaged(name, 'it is empty')
    written.push(await writeFile(signal, written.length === 0 ? { name, precision } : { name }, pieces(source), deps))
  }
  return written
}

/** Hands what comes on in chunks, with their hashes. */
async function writeFile(
  signal: AbortSignal,
  file: Pick<ModelFile, 'name' | 'precision'>,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { writer, sha256, clock }: CompileDeps,
): Promise<ModelFile> {
  const whole = createSha256()
  const chunkSha256: string[] = []
  let bytes = 0
  for await (const chunk of inChunks(pieces)) {
    throwIfAborted(signal)
    whole.update(chunk)
    await writer.chunk(signal, file.name, chunkSha256.length, chunk)
    chunkSha256.push(await sha256(chunk))
    bytes += chunk.length
    await clock.breathe()
  }
  const entry: ModelFile = { ...file, bytes, sha256: whole.digest(), chunkBytes: CHUNK_BYTES, chunkSha256 }
  await writer.finish(signal, entry)
  return entry
}
