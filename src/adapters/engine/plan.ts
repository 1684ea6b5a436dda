// Which tensors make up what in the engine's memory. A unit is packed as soon as all its tensors have arrived, in whatever order the file
// has them; names are those of Hugging Face's DebertaV2ForMultipleChoice, and late_interaction.* of models/recipe/deberta.py.
import type { Safetensors } from '../../core/compile/safetensors'
import { AppError } from '../../core/errors'
import type { Matrix, Packer, Tensor } from './pack'
import type { Sizes } from './sizes'
import type { EngineExports } from './wasm'

export interface Unit {
  needs: string[]
  pack(tensors: ReadonlyMap<string, Tensor>): void
}

const EMBEDDINGS = 'deberta.embeddings.'
const ENCODER = 'deberta.encoder.'
export const WORDS = `${EMBEDDINGS}word_embeddings.weight`

/** In the order of src/engine/layout.ts. */
const LINEARS = [
  'attention.self.query_proj',
  'attention.self.key_proj',
  'attention.self.value_proj',
  'attention.output.dense',
  'intermediate.dense',
  'output.dense',
] as const
const [QUERY, KEY, UP, DOWN] = [0, 1, 4, 5] as const

/** How the word embeddings are stored. Throws weights_damaged, model_unsupported. */
export function wordStorage({ file, tensors }: Safetensors): Sizes['words'] {
  const words = tensors.get(WORDS)
  if (!words) throw new AppError('weights_damaged', { file, reason: `${WORDS} is missing` })
  if (words.type === 'F16') return 'f16'
  if (words.type === 'F32') return 'f32'
  if (words.type === 'I8') return 'i8'
  throw new AppError('model_unsupported', { field: WORDS, value: words.type, known: 'F16, F32, I8' })
}

/** All units of a file but the word embeddings, which are copied as they arrive. Throws weights_damaged, model_unsupported. */
export function planUnits({ file, tensors }: Safetensors, sizes: Sizes, packer: Packer, engine: EngineExports): Unit[] {
  const { hidden: H, intermediate: F, positions } = sizes
  const units: Unit[] = []
  const check = (name: string, types: string[], ...shapes: number[][]): string => {
    const tensor = tensors.get(name)
    if (!tensor) throw new AppError('weights_damaged', { file, reason: `${name} is missing` })
    if (!types.includes(tensor.type)) throw new AppError('model_unsupported', { field: name, value: tensor.type, known: types.join(', ') })
    if (!shapes.some((shape) => shape.join() === tensor.shape.join()))
      throw new AppError('weights_damaged', { file, reason: `${name} is ${tensor.shape.join(' x ')}, not ${shapes[0]?.join(' x ') ?? ''}` })
    return name
  }
  const float = (name: string, ...shape: number[]): string => check(name, ['F16', 'F32'], shape)
  /** A matrix [n][k] in any storage: its names. */
  const matrix = (name: string, n: number, k: number): string[] => {
    if (tensors.get(name)?.type !== 'U8') return [float(name, n, k)]
    return [check(name, ['U8'], [n, k], [n, k / 2]), check(`${name}.scales`, ['F16'], [n, k / 32])]
  }
  const add = (needs: string[], pack: (get: (name: string) => Tensor, getMatrix: (name: string) => Matrix) => void): void => {
    units.push({
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
  }
  const addNorm = (name: string, at: number): void => {
    const needs = [float(`${name}.weight`, H), float(`${name}.bias`, H)]
    add(needs, (get) => {
      for (const [i, need] of needs.entries()) packer.vector(get(need), at + i * H * 4)
    })
  }

  check(WORDS, ['F16', 'F32', 'I8'], [sizes.vocabulary, H])
  if (sizes.words === 'i8') {
    const scales = float(`${WORDS}.scales`, sizes.vocabulary)
    add([scales], (get) => {
      packer.vector(get(scales), engine.wordScalesAt())
    })
  }
  const places = sizes.hasPositionEmbeddings ? [float(`${EMBEDDINGS}position_embeddings.weight`, positions, H)] : []
  const types = sizes.types > 0 ? [float(`${EMBEDDINGS}token_type_embeddings.weight`, sizes.types, H)] : []
  // a model without either has zeros there, as memory begins
  if (places.length + types.length > 0)
    add([...places, ...types], (get) => {
      const at = engine.positionsAt()
      const rows = packer.floats(at, positions * H)
      for (const name of types) {
        // every token has type 0; its row is the first that is read, and the positions are widened over it
        packer.vector(get(name), at)
      }
      const type = types.length > 0 ? rows.slice(0, H) : new Float32Array(H)
      rows.fill(0)
      for (const name of places) packer.vector(get(name), at)
      for (let i = 0; i < rows.length; i++) rows[i] = (rows[i] ?? 0) + (type[i % H] ?? 0)
    })
  addNorm(`${EMBEDDINGS}LayerNorm`, engine.embeddingNormAt())

  const pooler = matrix('pooler.dense.weight', H, H)
  add(pooler, (_, getMatrix) => {
    packer.panels(getMatrix('pooler.dense.weight'), engine.headAt())
  })
  const late = tensors.has('late_interaction.scale')
  const rows = [
    float('pooler.dense.bias', H),
    float('classifier.weight', 1, H),
    ...(late ? [float('late_interaction.token_weight.weight', 1, H)] : []),
  ]
  const numbers = [float('classifier.bias', 1), ...(late ? [check('late_interaction.scale', ['F16', 'F32'], [], [1])] : [])]
  add([...rows, ...numbers], (get) => {
    for (const [i, name] of rows.entries()) packer.vector(get(name), engine.poolerBiasAt() + i * H * 4)
    // [classifier bias, not used, scale of late interaction]; a model without it has the scale 0
    for (const [i, name] of numbers.entries()) packer.floats(engine.headNumbersAt(), 3)[i * 2] = packer.number(get(name))
  })

  const queryFactor = 1 / Math.sqrt(3 * (H / sizes.heads)) // content and two relative terms
  const relative = float(`${ENCODER}rel_embeddings.weight`, 2 * sizes.buckets, H)
  const relativeNorm = [float(`${ENCODER}LayerNorm.weight`, H), float(`${ENCODER}LayerNorm.bias`, H)] as const
  for (let layer = 0; layer < sizes.layers; layer++) {
    const prefix = `${ENCODER}layer.${String(layer)}.`
    const needs = LINEARS.map((name, linear) => {
      const [n, k] = [linear === UP ? F : H, linear === DOWN ? F : H]
      return [...matrix(`${prefix}${name}.weight`, n, k), float(`${prefix}${name}.bias`, n)]
    })
    const factorOf = (linear: number): number => (linear === QUERY ? queryFactor : 1)
    for (const [linear, name] of LINEARS.entries()) {
      add(needs[linear] ?? [], (get, getMatrix) => {
        packer.linear(layer, linear, getMatrix(`${prefix}${name}.weight`), get(`${prefix}${name}.bias`), factorOf(linear))
      })
    }
    addNorm(`${prefix}attention.output.LayerNorm`, engine.normAt(layer))
    addNorm(`${prefix}output.LayerNorm`, engine.normAt(layer) + 2 * H * 4)
    add([relative, ...relativeNorm, ...(needs[KEY] ?? []), ...(needs[QUERY] ?? [])], (get, getMatrix) => {
      const projections = [KEY, QUERY].map((linear) => ({
        matrix: getMatrix(`${prefix}${LINEARS[linear]}.weight`),
        bias: get(`${prefix}${LINEARS[linear]}.bias`),
        factor: factorOf(linear),
      }))
      packer.relative(layer, get(relative), [get(relativeNorm[0]), get(relativeNorm[1])], projections)
    })
  }
  return units
}
