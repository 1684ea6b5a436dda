// An embedder on transformers.js (`@xenova/transformers`): feature extraction over a folder that the visitor brings. The module is loaded
// only here, and only when an embedder is opened. It reads the folder through its custom cache and has no other way to a file: remote
// models are off and its `fetch` finds nothing, so no request leaves the machine.
import type { FeatureExtractionPipeline, env as Environment } from '@xenova/transformers'
import { AppError, throwIfAborted } from '../../core/errors'
import type { Embedder, FileSource } from '../../core/ports'
import type { EmbedderSettings } from '../../core/retrieve'

export interface EmbedderRequest {
  /** Its `place` names the embedder in errors. */
  source: FileSource
  settings: EmbedderSettings
}
export interface EmbedderDevice {
  name: string
  device: 'cpu' | 'wasm' | 'webgpu'
  /**
   * Texts that go through the graph at once. 1 on a CPU, where more are no faster: nothing is padded, and a text's vector does not depend
   * on its neighbours, which it does where an 8-bit graph rounds activations over the whole batch.
   */
  batch: number
  /** Sets what onnxruntime needs before its first session. */
  configure(env: typeof Environment): void
}

/** Folders that are being opened, by the name that transformers.js asks for. */
const folders = new Map<string, (file: string) => Promise<Uint8Array | undefined>>()
let opened = 0

/** Throws embedder_failed, embedder_unsupported, aborted, or what reading the source gives. */
export async function openEmbedder(signal: AbortSignal, request: EmbedderRequest, target: EmbedderDevice): Promise<Embedder> {
  const { source, settings } = request
  const { place } = source
  const { env, pipeline } = await import('@xenova/transformers')
  closeOff(env)
  target.configure(env)
  const id = `embedder-${++opened}`
  let refused: unknown = null
  folders.set(id, async (file) => {
    try {
      return settings.files.includes(file) ? await readFile(signal, request, file) : undefined
    } catch (error) {
      refused ??= error
      throw error
    }
  })
  let extract: FeatureExtractionPipeline
  try {
    extract = await pipeline('feature-extraction', id, {
      device: target.device,
      dtype: settings.weights === 'onnx/model.onnx' ? 'fp32' : 'q8',
      use_external_data_format: settings.files.includes(`${settings.weights}_data`),
      session_options: { logSeverityLevel: 3 },
    })
  } catch (error) {
    throw refused ?? failed(place, error)
  } finally {
    folders.delete(id)
  }

  async function run(texts: readonly string[]): Promise<Float32Array> {
    try {
      const { data } = await extract([...texts], { pooling: settings.pooling, normalize: true })
      if (data instanceof Float32Array && data.every(Number.isFinite)) return data
    } catch (error) {
      throw failed(place, error)
    }
    throw failed(place, 'it gave something that is no number')
  }
  async function embed(at: AbortSignal, texts: readonly string[]): Promise<Float32Array> {
    const rows: Float32Array[] = []
    for (let from = 0; from < texts.length; from += target.batch) {
      throwIfAborted(at)
      rows.push(await run(texts.slice(from, from + target.batch)))
    }
    return joined(rows)
  }
  try {
    const { length: dimensions } = await embed(signal, ['a first text'])
    return { description: target.name, dimensions, embed, close: () => extract.dispose().then(() => undefined) }
  } catch (error) {
    await extract.dispose()
    throw error
  }
}

/** Leaves one way to a file: the folder that is being opened. */
function closeOff(env: typeof Environment): void {
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.localModelPath = '/'
  // Cache keys are made of these; the hub's own address is nowhere left.
  env.remoteHost = '/'
  env.remotePathTemplate = '{model}/'
  env.useFS = false
  env.useFSCache = false
  env.useBrowserCache = false
  env.useWasmCache = false
  env.useCustomCache = true
  env.logLevel = 40
  env.fetch = () => Promise.resolve(new Response(null, { status: 404 }))
  env.customCache = {
    async match(path) {
      const [, id = '', file = ''] = /^\/(embedder-\d+)\/(.+)$/.exec(path) ?? []
      const bytes = await folders.get(id)?.(file)
      return bytes && new Response(bytes as Uint8Array<ArrayBuffer>)
    },
    put: () => Promise.resolve(),
  }
}

/** A file as transformers.js is to see it: the tokenizer cuts texts where the settings say. */
async function readFile(signal: AbortSignal, { source, settings }: EmbedderRequest, file: string): Promise<Uint8Array> {
  const bytes = await source.readAll(signal, file)
  if (file !== 'tokenizer_config.json') return bytes
  const config = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
  return new TextEncoder().encode(JSON.stringify({ ...config, model_max_length: settings.maxTokens }))
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0))
  let at = 0
  for (const row of rows) {
    whole.set(row, at)
    at += row.length
  }
  return whole
}

function failed(place: string, error: unknown): AppError {
  if (error instanceof AppError) return error
  const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return new AppError('embedder_failed', { place, reason })
}
