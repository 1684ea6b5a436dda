// Reads model.json. Every field is checked before anything is done with it; what is wrong is named with its value.
import { checkFileEntry, createChecks, show } from './check'
import { AppError } from './errors'
import type { Architecture, Layout, Manifest, ModelFile, Precision } from './types'

export const MANIFEST_FORMAT = 'pagewise-model/1'
const ARCHITECTURES: readonly string[] = ['deberta-v2', 'bert', 'roberta', 'mpnet', 'longformer'] satisfies Architecture[]
const LAYOUTS: readonly string[] = ['shared-prefix', 'pairs'] satisfies Layout[]
const checks = createChecks(unusable)
const { record, list, text, count } = checks
const PRECISIONS: readonly string[] = ['fp32', 'fp16', 'q8', 'q4'] satisfies Precision[]

/** Throws model_manifest (a field is missing or malformed) or model_unsupported (a newer or unknown kind of model). */
export function parseManifest(json: unknown): Manifest {
  const m = record(json, 'model.json')
  if (m['format'] !== MANIFEST_FORMAT) throw unusable('format', show(m['format']), `This page reads ${MANIFEST_FORMAT}.`)
  oneOf('architecture', m['architecture'], ARCHITECTURES)
  oneOf('layout', m['layout'], LAYOUTS)
  for (const field of ['id', 'title', 'licence', 'source', 'template']) text(field, m[field])
  record(m['config'], 'config')
  const maxTokens = record(m['maxTokens'], 'maxTokens')
  for (const part of m['layout'] === 'pairs' ? ['pair'] : ['prefix', 'choice']) count(`maxTokens.${part}`, maxTokens[part])
  list('files', m['files']).forEach(checkFile)
  if (m['selfTest'] !== null) checkSelfTest(record(m['selfTest'], 'selfTest'))
  list('scores', m['scores'])
  return json as Manifest
}

function checkSelfTest(selfTest: Record<string, unknown>): void {
  const question = record(selfTest['question'], 'selfTest.question')
  text('selfTest.question.prompt', question['prompt'])
  const options = list('selfTest.question.options', question['options'])
  const logits = list('selfTest.logits', selfTest['logits'])
  if (options.length !== logits.length)
    throw unusable('selfTest.logits', `${logits.length} numbers`, `The question has ${options.length} options.`)
  record(selfTest['tolerance'], 'selfTest.tolerance')
}

/** The weight file of a precision; fp32 is computed from the fp16 file where there is no other. Throws model_precision. */
export function weightFile(manifest: Manifest, precision: Precision): ModelFile {
  const of = (p: Precision): ModelFile | undefined => manifest.files.find((file) => file.precision === p)
  const file = of(precision) ?? (precision === 'fp32' ? of('fp16') : undefined)
  if (!file) throw new AppError('model_precision', { precision, available: manifest.files.flatMap((f) => f.precision ?? []).join(', ') })
  return file
}

function checkFile(value: unknown, index: number): void {
  const { precision } = checkFileEntry(checks, unusable, value, index)
  if (precision !== undefined && !PRECISIONS.includes(precision as string))
    throw unusable(`files[${index}].precision`, show(precision), `Known are ${PRECISIONS.join(', ')}.`)
}
function oneOf(field: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'string' || !known.includes(value))
    throw new AppError('model_unsupported', { field, value: show(value), known: known.join(', ') })
}
function unusable(field: string, value: string, hint: string): AppError {
  return new AppError('model_manifest', { field, value, hint })
}
