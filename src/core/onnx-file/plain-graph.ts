// Whether a graph can be fed as it is: its inputs are transformers' own, whole numbers whose axes are free or of one size that all agree on, and
// its logits one for each pair. What is anything else is refused by name before any work: it would run and give wrong numbers, or fail at the
// first batch.
import { AppError } from '../errors'
import { PLAIN_INPUTS } from '../manifest'
import type { FixedAxes, PlainGraph, PlainInput } from '../types'
import type { OnnxFile, OnnxValue } from './read-onnx'

/** onnxruntime reads no older operators. */
const LEAST_OPSET = 7
/** Models whose positions are 0, 1, 2, …, padding or not. */
const COUNTED_POSITIONS = ['bert', 'deberta-v2', 'electra']
/** A shorter sequence has no room for a question and an option. */
const LEAST_TOKENS = 16
/** Of a graph that takes so many rows at once, whatever is asked. */
const MOST_TOKENS_AT_ONCE = 1 << 16
const AXES = { 2: ['batch', 'sequence'], 3: ['batch', 'choices', 'sequence'] } as const
const KNOWN_SHAPES = '[batch, choices, sequence] and [batch, sequence]'
type Refuse = (what: string, value: string, known: string) => AppError

/** `file`: its name, for messages; `modelType`: of config.json. Throws model_unsupported. */
export function checkGraph(
  file: string,
  { opset, inputs, outputs }: OnnxFile,
  modelType: unknown,
): Pick<PlainGraph, 'inputs' | 'rank' | 'fixed' | 'output'> {
  const refused: Refuse = (what, value, known) =>
    new AppError('model_unsupported', { field: `${what} of ${file}`, value: value.slice(0, 120), known })
  if (opset < LEAST_OPSET) throw refused('the opset', String(opset), `${LEAST_OPSET} and newer`)
  for (const required of ['input_ids', 'attention_mask'])
    if (!inputs.some(({ name }) => name === required)) throw refused(`the input ${required}`, 'missing', 'models that have it')
  let rank: 2 | 3 | null = null
  const fixed: FixedAxes = {}
  const fed = inputs.map((input): PlainGraph['inputs'][number] => {
    const { name, type, shape } = input
    const what = `the input ${name}`
    if (!isPlainInput(name)) throw refused(what, showValue(input), PLAIN_INPUTS.join(', '))
    if (type !== 'int64' && type !== 'int32') throw refused(what, showValue(input), 'int64 and int32')
    const own = shape?.length
    if ((own !== 2 && own !== 3) || own !== (rank ?? own))
      throw refused(what, showValue(input), rank === null ? KNOWN_SHAPES : `${rank} axes, as the inputs before it have`)
    if (name === 'position_ids' && !COUNTED_POSITIONS.includes(String(modelType)))
      throw refused(what, showValue(input), `positions of ${COUNTED_POSITIONS.join(', ')} (model_type in config.json)`)
    rank = own
    fixAxes(fixed, input, own, refused)
    return { name, type }
  })
  const output = outputs.find(({ name }) => name === 'logits') ?? outputs[0]
  if (!output || (outputs.length > 1 && output.name !== 'logits'))
    throw refused('the output', outputs.map(({ name }) => name).join(', ') || 'none', 'logits')
  checkLogits(output, rank!, refused)
  return { inputs: fed, rank: rank!, ...(Object.keys(fixed).length > 0 ? { fixed } : {}), output: output.name }
}

/** Adds the sizes that this input says; where it says none and another one does, that one's holds. */
function fixAxes(fixed: FixedAxes, input: OnnxValue, rank: 2 | 3, refused: Refuse): void {
  const what = `the input ${input.name}`
  for (const [at, axis] of AXES[rank].entries()) {
    const size = input.shape![at]
    if (typeof size !== 'number') continue
    if (size !== (fixed[axis] ?? size)) throw refused(what, showValue(input), `a ${axis} of ${fixed[axis]}, as the inputs before it have`)
    fixed[axis] = size
  }
  const { batch = 1, choices = 1, sequence = LEAST_TOKENS } = fixed
  const tokens = batch * choices * sequence
  if (Math.min(batch, choices) < 1) throw refused(what, showValue(input), 'axes of 1 and more')
  if (sequence < LEAST_TOKENS) throw refused(what, showValue(input), `sequences of ${LEAST_TOKENS} tokens and more`)
  if (tokens > MOST_TOKENS_AT_ONCE) throw refused(what, showValue(input), `up to ${MOST_TOKENS_AT_ONCE} tokens at once`)
}

function checkLogits(output: OnnxValue, rank: 2 | 3, refused: Refuse): void {
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
