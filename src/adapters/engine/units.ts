// Tensors of a file, checked, and what they make up together. A unit is packed as soon as all its tensors have arrived, in whatever order the
// file has them.
import type { Safetensors } from '../../core/compile/safetensors'
import { AppError } from '../../core/errors'
import type { Matrix, Tensor } from './pack'

export interface Unit {
  needs: string[]
  pack(tensors: ReadonlyMap<string, Tensor>): void
}
export interface Units {
  readonly all: readonly Unit[]
  has(name: string): boolean
  /** The tensor's name. Throws weights_damaged, model_unsupported where it is not there, not of these types or not of one of these shapes. */
  check(name: string, types: string[], ...shapes: number[][]): string
  float(name: string, ...shape: number[]): string
  /** A matrix [n][k] in any storage: its names. */
  matrix(name: string, n: number, k: number): string[]
  add(needs: string[], pack: (get: (name: string) => Tensor, getMatrix: (name: string) => Matrix) => void): void
}

export function createUnits({ file, tensors }: Safetensors): Units {
  const all: Unit[] = []
  const check = (name: string, types: string[], ...shapes: number[][]): string => {
    const tensor = tensors.get(name)
    if (!tensor) throw new AppError('weights_damaged', { file, reason: `${name} is missing` })
    if (!types.includes(tensor.type)) throw new AppError('model_unsupported', { field: name, value: tensor.type, known: types.join(', ') })
    if (!shapes.some((shape) => shape.join() === tensor.shape.join()))
      throw new AppError('weights_damaged', { file, reason: `${name} is ${tensor.shape.join(' x ')}, not ${shapes[0]?.join(' x ') ?? ''}` })
    return name
  }
  const float = (name: string, ...shape: number[]): string => check(name, ['F16', 'F32'], shape)
  return {
    all,
    check,
    float,
    has: (name) => tensors.has(name),
    matrix(name, n, k) {
      if (tensors.get(name)?.type !== 'U8') return [float(name, n, k)]
      return [check(name, ['U8'], [n, k], [n, k / 2]), check(`${name}.scales`, ['F16'], [n, k / 32])]
    },
    add(needs, pack) {
      all.push({
        needs,
        pack(arrived) {
          const get = (name: string): Tensor => {
            const tensor = arrived.get(name)
            if (!tensor) throw new Error(`internal: ${name} was not asked for`)
            return tensor
          }
          pack(get, (name) => ({ weight: get(name), scales: arrived.get(`${name}.scales`) ?? null }))
        },
      })
    },
  }
}
