// One tensor of a checkpoint: where its numbers lie, and the numbers, as many as are asked for.
import { AppError } from '../errors'
import { FLOAT_BYTES, toFloats, type FloatType } from './numbers'
import { readExactly, type ByteSource } from './source'

export interface TensorSource {
  name: string
  /** "F32", "F16", "BF16"; another type is listed but cannot be read. */
  type: string
  shape: readonly number[]
  source: ByteSource
  offset: number
}
/** Elements `from` to `from + count` as floats. Throws checkpoint_damaged, model_unsupported. */
export async function readFloats({ name, type, source, offset }: TensorSource, from: number, count: number): Promise<Float32Array> {
  if (!isFloat(type)) throw new AppError('model_unsupported', { field: `the type of ${name}`, value: type, known: 'F32, F16, BF16' })
  const bytes = FLOAT_BYTES[type]
  return toFloats(type, await readExactly(source, offset + from * bytes, count * bytes))
}

export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1)
const isFloat = (type: string): type is FloatType => Object.hasOwn(FLOAT_BYTES, type)
