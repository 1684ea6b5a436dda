// Reads model.json. Every field is checked before anything is done with it; what is wrong is named with its value.
import { AppError } from './errors'
import type { Manifest, ModelFile, Precision } from './types'

export const MANIFEST_FORMAT = 'pagewise-model/1'
const ARCHITECTURES = ['deberta-v2']
const LAYOUTS = ['shared-prefix']
const PRECISIONS: readonly string[] = ['fp32', 'fp16', 'q8', 'q4'] satisfies Precision[]

/** Throws model_manifest (a field is missing or malformed) or model_unsupported (a newer or unknown kind of model). */
export function parseManifest(json: unknown): Manifest {
  const m = record(json, 'model.json')
  if (m['format'] !== MANIFEST_FORMAT) throw unusable('format', m['format'], `This page reads ${MANIFEST_FORMAT}.`)
  oneOf('architecture', m['architecture'], ARCHITECTURES)
  oneOf('layout', m['layout'], LAYOUTS)
  for (const field of ['id', 'title', 'licence', 'source', 'template']) text(field, m[field])
  record(m['config'], 'config')
  const maxTokens = record(m['maxTokens'], 'maxTokens')
  count('maxTokens.prefix', maxTokens['prefix'])
  count('maxTokens.choice', maxTokens['choice'])
  list('files', m['files']).forEach(checkFile)
  const selfTest = record(m['selfTest'], 'selfTest')
  const question = record(selfTest['question'], 'selfTest.question')
  text('selfTest.question.prompt', question['prompt'])
  const options = list('selfTest.question.options', question['options'])
  const logits = list('selfTest.logits', selfTest['logits'])
  if (options.length !== logits.length)
    throw unusable('selfTest.logits', `${logits.length} numbers`, `The question has ${options.length} options.`)
  record(selfTest['tolerance'], 'selfTest.tolerance')
  list('scores', m['scores'])
  return json as Manifest
}

/** The weight file of a precision; fp32 is computed from the fp16 file where there is no other. Throws model_precision. */
export function weightFile(manifest: Manifest, precision: Precision): ModelFile {
  const of = (p: Precision): ModelFile | undefined => manifest.files.find((file) => file.precision === p)
  const file = of(precision) ?? (precision === 'fp32' ? of('fp16') : undefined)
  if (!file) throw new AppError('model_precision', { precision, available: manifest.files.flatMap((f) => f.precision ?? []).join(', ') })
  return file
}

function checkFile(value: unknown, index: number): void {
  const at = `files[${index}]`
  const file = record(value, at)
  text(`${at}.name`, file['name'])
  if (file['precision'] !== undefined && !PRECISIONS.includes(file['precision'] as string))
    throw unusable(`${at}.precision`, file['precision'], `Known are ${PRECISIONS.join(', ')}.`)
  count(`${at}.bytes`, file['bytes'])
  count(`${at}.chunkBytes`, file['chunkBytes'])
  text(`${at}.sha256`, file['sha256'])
  const { bytes, chunkBytes, chunkSha256 } = file as unknown as ModelFile
  const chunks = list(`${at}.chunkSha256`, chunkSha256).length
  const expected = Math.ceil(bytes / chunkBytes)
  if (chunks !== expected) throw unusable(`${at}.chunkSha256`, `${chunks} hashes`, `${bytes} bytes make ${expected} chunks.`)
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unusable(field, value, 'It must be an object.')
  return value as Record<string, unknown>
}
function list(field: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw unusable(field, value, 'It must be a list.')
  return value
}
function text(field: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw unusable(field, value, 'It must be a text.')
}
function count(field: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) <= 0) throw unusable(field, value, 'It must be a whole number above 0.')
}
function oneOf(field: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'string' || !known.includes(value))
    throw new AppError('model_unsupported', { field, value: show(value), known: known.join(', ') })
}
const show = (value: unknown): string => (value === undefined ? 'missing' : (JSON.stringify(value) ?? String(value)).slice(0, 60))
function unusable(field: string, value: unknown, hint: string): AppError {
  return new AppError('model_manifest', { field, value: show(value), hint })
}
