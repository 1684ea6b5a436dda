// Whether a graph can be fed as it is: its inputs are transformers' own, whole numbers of free axes, and its logits one for each pair. What is
// anything else is refused by name before any work: it would run and give wrong numbers, or fail at the first batch.
import { AppError } from '../errors'
import { PLAIN_INPUTS } from '../manifest'
import type { PlainGraph, PlainInput } from '../types'
import type { OnnxFile, OnnxValue } from './read-onnx'

/** onnxruntime reads no older operators. */
const LEAST_OPSET = 7
/** Models whose positions are 0, 1, 2, …, padding or not. */
const COUNTED_POSITIONS = ['bert', 'deberta-v2', 'electra']
const KNOWN_SHAPES = '[batch, choices, sequence] or [batch, sequence], with axes that are not fixed'

/** `file`: its name, for messages; `modelType`: of config.json. Throws model_unsupported. */
export function checkGraph(
  file: string,
  { opset, inputs, outputs }: OnnxFile,
  modelType: unknown,
): Pick<PlainGraph, 'inputs' | 'rank' | 'output'> {
  const refused = (what: string, value: string, known: string): AppError =>
    new AppError('model_unsupported', { field: `${what} of ${file}`, value: value.slice(0, 120), known })
  if (opset < LEAST_OPSET) throw refused('the opset', String(opset), `${LEAST_OPSET} and newer`)
  for (const required of ['input_ids', 'attention_mask'])
    if (!inputs.some(({ name }) => name === required)) throw refused(`the input ${required}`, 'missing', 'models that have it')
  let rank: 2 | 3 | null = null
  const fed = inputs.map((input): PlainGraph['inputs'][number] => {
    const { name, type, shape } = input
    const what = `the input ${name}`
    if (!isPlainInput(name)) throw refused(what, showValue(input), PLAIN_INPUTS.join(', '))
    if (type !== 'int64' && type !== 'int32') throw refused(what, showValue(input), 'int64 and int32')
    const own = shape?.length
    if ((own !== 2 && own !== 3) || own !== (rank ?? own) || shape!.some((axis) => typeof axis === 'number'))
      throw refused(what, showValue(input), rank === null ? KNOWN_SHAPES : `${rank} axes that are not fixed, as the inputs before it`)
    if (name === 'position_ids' && !COUNTED_POSITIONS.includes(String(modelType)))
      throw refused(what, showValue(input), `positions of ${COUNTED_POSITIONS.join(', ')} (model_type in config.json)`)
    rank = own
    return { name, type }
  })
  const output = outputs.find(({ name }) => name === 'logits') ?? outputs[0]
  if (!output || (outputs.length > 1 && output.name !== 'logits'))
    throw refused('the output', outputs.map(({ name }) => name).join(', ') || 'none', 'logits')
  checkLogits(output, rank!, refused)
  return { inputs: fed, rank: rank!, output: output.name }
}

function checkLogits(output: OnnxValue, rank: 2 | 3, refused: (what: string, value: string, known: string) => AppError): void {
  const what = `the output ${output.name}`
  if (output.type !== 'float32' && output.type !== 'float16') throw refused(what, showValue(output), 'float32 and float16')
  // Where a file says that these axes are fixed it may be wrong: the exporter was told of the inputs only. What comes out is counted later.
  const axes = output.shape?.length
  const labels = rank === 2 && axes === 2 ? output.shape![1] : 1
  if ((axes !== undefined && axes !== 2 && axes !== rank - 1) || (typeof labels === 'number' && labels !== 1))
    throw refused(what, showValue(output), rank === 3 ? '[batch, choices]' : '[batch, 1] and [batch]')
}

const isPlainInput = (name: string): name is PlainInput => PLAIN_INPUTS.includes(name)
/** "int64 [batch, 5, sequence]" */
const showValue = ({ type, shape }: OnnxValue): string => `${type} ${shape ? `[${shape.join(', ')}]` : 'of unknown shape'}`
