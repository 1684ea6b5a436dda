// The architectures that the engine computes, one file each. Options that it does not compute are refused here, so that whoever opens a model
// can take onnxruntime instead.
import { createFields, unsupported, type ConfigFields } from '../../core/checkpoint/config-fields'
import type { Manifest } from '../../core/types'
import type { Architecture } from './architecture'
import { readBert } from './bert'
import { readDeberta } from './deberta'
import { readMpnet } from './mpnet'

const READERS = {
  'deberta-v2': readDeberta,
  bert: (fields: ConfigFields) => readBert(fields, 'bert'),
  roberta: (fields: ConfigFields) => readBert(fields, 'roberta'),
  mpnet: readMpnet,
} satisfies Partial<Record<Manifest['architecture'], (fields: ConfigFields) => Architecture>>

/** Throws model_unsupported. */
export function readArchitecture({ architecture, config, layout }: Manifest): Architecture {
  const known = Object.keys(READERS) as (keyof typeof READERS)[]
  const name = known.find((one) => one === architecture)
  if (!name) throw unsupported('model_type', architecture, known.join(', '))
  const read = READERS[name](createFields(config))
  if (read.hidden % 32 !== 0) throw unsupported('hidden_size', read.hidden, 'multiples of 32')
  if (read.intermediate % 32 !== 0) throw unsupported('intermediate_size', read.intermediate, 'multiples of 32')
  if ((read.hidden / read.heads) % 8 !== 0) throw unsupported('num_attention_heads', read.heads, 'heads of a multiple of 8')
  if (layout === 'shared-prefix' && read.convolution) throw unsupported('conv_kernel_size', read.convolution.kernel, '0')
  return read
}
