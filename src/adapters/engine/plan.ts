// Which tensors make up what in the engine's memory; names are those of Hugging Face's *ForMultipleChoice, and late_interaction.* of
// models/recipe/deberta.py.
import type { Safetensors } from '../../core/compile/safetensors'
import { AppError } from '../../core/errors'
import type { Architecture } from './architecture'
import type { Tensor } from './pack'
import { planEncoder, planNorm, type Place } from './plan-encoder'
import type { Sizes } from './sizes'
import { createUnits, type Unit, type Units } from './units'

/** How the word embeddings are stored. Throws weights_damaged, model_unsupported. */
export function wordStorage({ file, tensors }: Safetensors, { tables }: Architecture): Sizes['words'] {
  const { name } = tables.words
  const words = tensors.get(name)
  if (!words) throw new AppError('weights_damaged', { file, reason: `${name} is missing` })
  if (words.type === 'F16') return 'f16'
  if (words.type === 'F32') return 'f32'
  if (words.type === 'I8') return 'i8'
  throw new AppError('model_unsupported', { field: name, value: words.type, known: 'F16, F32, I8' })
}

/** All units of a file but the word embeddings, which are copied as they arrive. Throws weights_damaged, model_unsupported. */
export function planUnits(header: Safetensors, place: Place): Unit[] {
  const units = createUnits(header)
  planEmbeddings(units, place)
  planHead(units, place)
  planEncoder(units, place)
  return [...units.all]
}

function planEmbeddings(units: Units, place: Place): void {
  const { sizes, architecture, packer, engine } = place
  const { hidden: H } = sizes
  const { words, positions, types } = architecture.tables
  units.check(words.name, ['F16', 'F32', 'I8'], [sizes.vocabulary, H])
  if (sizes.words === 'i8') {
    const scales = units.float(`${words.name}.scales`, sizes.vocabulary)
    units.add([scales], (get) => {
      packer.vector(get(scales), engine.wordScalesAt())
    })
  }
  const needs = [positions, types].flatMap((table) => (table ? [units.float(table.name, table.rows, H)] : []))
  // a model without either has zeros there, as memory begins
  if (needs.length > 0)
    units.add(needs, (get) => {
      if (positions) packer.vector(rowsFrom(get(positions.name), positions.first), engine.positionsAt())
      if (!types) return
      // most tokens have type 0: its row is added to the positions, the others are what they differ by
      packer.vector(get(types.name), engine.typesAt())
      const kinds = packer.floats(engine.typesAt(), types.rows * H)
      const first = kinds.slice(0, H)
      kinds.forEach((value, i) => (kinds[i] = value - (first[i % H] ?? 0)))
      const rows = packer.floats(engine.positionsAt(), sizes.positions * H)
      rows.forEach((value, i) => (rows[i] = value + (first[i % H] ?? 0)))
    })
  planNorm(units, place, architecture.embeddingNorm, engine.embeddingNormAt())
}

function rowsFrom({ type, data, bytes, shape: [rows = 1] }: Tensor, first: number): Pick<Tensor, 'type' | 'data' | 'bytes'> {
  const from = (bytes / rows) * first
  return { type, data: data.subarray(from), bytes: bytes - from }
}

function planHead(units: Units, { sizes: { hidden: H }, architecture: { pooler }, packer, engine }: Place): void {
  const weight = `${pooler.name}.weight`
  units.add(units.matrix(weight, H, H), (_, getMatrix) => {
    packer.panels(getMatrix(weight), engine.headAt())
  })
  const late = units.has('late_interaction.scale')
  const rows = [
    units.float(`${pooler.name}.bias`, H),
    units.float('classifier.weight', 1, H),
    ...(late ? [units.float('late_interaction.token_weight.weight', 1, H)] : []),
  ]
  const numbers = [units.float('classifier.bias', 1), ...(late ? [units.check('late_interaction.scale', ['F16', 'F32'], [], [1])] : [])]
  units.add([...rows, ...numbers], (get) => {
    for (const [i, name] of rows.entries()) packer.vector(get(name), engine.poolerBiasAt() + i * H * 4)
    // [classifier bias, not used, scale of late interaction]; a model without it has the scale 0
    for (const [i, name] of numbers.entries()) packer.floats(engine.headNumbersAt(), 3)[i * 2] = packer.number(get(name))
  })
}
