// What a library's vectors say of themselves, and what an embedder does. Both are small JSON kept beside the bytes they describe.
import { checkFileEntry, createChecks, show } from '../check'
import { AppError } from '../errors'
import type { ModelFile } from '../types'

export const VECTORS_FORMAT = 'pagewise-vectors/1'
export const EMBEDDER_FORMAT = 'pagewise-embedder/1'

/** Vectors depend on all of this: where one differs, they are made anew. */
export interface VectorsMade {
  embedderId: string
  embedderTitle: string
  dimensions: number
  queryPrefix: string
  passagePrefix: string
  /** SHA-256 of the library's passage file. */
  passagesSha256: string
  passages: number
}
export interface VectorsManifest extends VectorsMade {
  format: typeof VECTORS_FORMAT
  rowsPerBlock: number
  /** Searched beside BM25; false: kept, not used. */
  isOn: boolean
}

/** How an embedder is run: read from its folder (dense-folder.ts). */
export interface EmbedderSettings {
  pooling: 'mean' | 'cls'
  /** Longer texts are cut. */
  maxTokens: number
  weights: 'onnx/model.onnx' | 'onnx/model_quantized.onnx'
  /** Files of the folder that are read, `weights` among them. */
  files: string[]
  queryPrefix: string
  passagePrefix: string
}
export interface EmbedderManifest {
  format: typeof EMBEDDER_FORMAT
  id: string
  title: string
  dimensions: number
  settings: EmbedderSettings
  files: ModelFile[]
}

/** Bytes of the stored JSON. `name`: the library, for messages. Throws library_damaged. */
export function parseVectorsManifest(bytes: Uint8Array, name: string): VectorsManifest {
  const refuse = (field: string, value: string, hint: string): AppError =>
    new AppError('library_damaged', { name, file: 'vectors', reason: `${field} is ${value}. ${hint}` })
  const checks = createChecks(refuse)
  const made = checks.record(parseJson(bytes), 'the manifest')
  if (made['format'] !== VECTORS_FORMAT) throw refuse('format', show(made['format']), `This version reads ${VECTORS_FORMAT}.`)
  for (const field of ['embedderId', 'embedderTitle', 'passagesSha256']) checks.text(field, made[field])
  for (const field of ['dimensions', 'passages', 'rowsPerBlock']) checks.count(field, made[field])
  for (const field of ['queryPrefix', 'passagePrefix'])
    if (typeof made[field] !== 'string') throw refuse(field, show(made[field]), 'It must be a text.')
  if (typeof made['isOn'] !== 'boolean') throw refuse('isOn', show(made['isOn']), 'It must be true or false.')
  return made as unknown as VectorsManifest
}

/** Throws embedder_unknown where the stored JSON is none of an embedder. */
export function parseEmbedderManifest(bytes: Uint8Array): EmbedderManifest {
  const refuse = (): AppError => new AppError('embedder_unknown')
  const checks = createChecks(refuse)
  const made = checks.record(parseJson(bytes), '')
  if (made['format'] !== EMBEDDER_FORMAT) throw refuse()
  for (const field of ['id', 'title']) checks.text(field, made[field])
  checks.count('dimensions', made['dimensions'])
  checks.record(made['settings'], 'settings')
  for (const [index, file] of checks.list('files', made['files']).entries()) checkFileEntry(checks, refuse, file, index)
  return made as unknown as EmbedderManifest
}

export function toJsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value))
}
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
