// Reads model.json. Every field is checked before anything is done with it; what is wrong is named with its value.
import { checkFileEntry, createChecks, show } from './check'
import { AppError } from './errors'
import { PRECISIONS, type Architecture, type Layout, type Manifest, type ModelFile, type PlainInput, type Precision } from './types'

export const MANIFEST_FORMAT = 'pagewise-model/1'
const ARCHITECTURES: readonly string[] = ['deberta-v2', 'bert', 'roberta', 'mpnet', 'longformer', 'onnx'] satisfies Architecture[]
export const PLAIN_INPUTS: readonly string[] = [
  'input_ids',
  'attention_mask',
  'token_type_ids',
  'position_ids',
  'global_attention_mask',
] satisfies PlainInput[]
const LAYOUTS: readonly string[] = ['shared-prefix', 'pairs'] satisfies Layout[]
const checks = createChecks(unusable)
const { record, list, text, count } = checks

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
  if ((m['architecture'] === 'onnx') !== (m['graph'] !== undefined))
    throw unusable('graph', show(m['graph']), 'It belongs to models of architecture onnx, and to those only.')
  if (m['graph'] !== undefined) checkGraph(record(m['graph'], 'graph'), m['layout'])
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

function checkGraph(graph: Record<string, unknown>, layout: unknown): void {
  if (layout !== 'pairs') throw unusable('layout', show(layout), 'An .onnx file reads pairs.')
  const inputs = list('graph.inputs', graph['inputs'])
  for (const [index, value] of inputs.entries()) {
    const input = record(value, `graph.inputs[${index}]`)
    oneOf(`graph.inputs[${index}].name`, input['name'], PLAIN_INPUTS)
    oneOf(`graph.inputs[${index}].type`, input['type'], ['int64', 'int32'])
  }
  if (graph['rank'] !== 2 && graph['rank'] !== 3) throw unusable('graph.rank', show(graph['rank']), 'It must be 2 or 3.')
  if (graph['fixed'] !== undefined)
    for (const [axis, size] of Object.entries(record(graph['fixed'], 'graph.fixed'))) {
      oneOf('graph.fixed', axis, ['batch', 'choices', 'sequence'])
      count(`graph.fixed.${axis}`, size)
    }
  text('graph.output', graph['output'])
  const pad = graph['padId']
  if (!Number.isSafeInteger(pad) || (pad as number) < 0) throw unusable('graph.padId', show(pad), 'It must be a whole number from 0 on.')
  for (const [index, name] of list('graph.data', graph['data']).entries()) text(`graph.data[${index}]`, name)
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
  if (precision !== undefined && !PRECISIONS.some((known) => known === precision))
    throw unusable(`files[${index}].precision`, show(precision), `Known are ${PRECISIONS.join(', ')}.`)
}
function oneOf(field: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'string' || !known.includes(value))
    throw new AppError('model_unsupported', { field, value: show(value), known: known.join(', ') })
}
function unusable(field: string, value: string, hint: string): AppError {
  return new AppError('model_manifest', { field, value, hint })
}
