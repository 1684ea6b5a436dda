// The units of the encoder: its layers, what distances add to scores, and the convolution of DeBERTa v2's larger models.
import type { Architecture } from './architecture'
import type { Packer, Projection, Tensor } from './pack'
import type { Sizes } from './sizes'
import type { Units } from './units'
import type { EngineExports } from './wasm'

export interface Place {
  sizes: Sizes
  architecture: Architecture
  packer: Packer
  engine: EngineExports
}

/** In the order of src/engine/layout.ts. */
const [QUERY, UP, DOWN] = [0, 4, 5] as const

/** Throws weights_damaged, model_unsupported. */
export function planEncoder(units: Units, place: Place): void {
  planConvolution(units, place)
  for (let layer = 0; layer < place.sizes.layers; layer++) planLayer(units, place, layer)
  planBiases(units, place)
}

export function planNorm(units: Units, { packer, sizes: { hidden: H } }: Place, name: string, at: number): void {
  const needs = [units.float(`${name}.weight`, H), units.float(`${name}.bias`, H)]
  units.add(needs, (get) => {
    for (const [i, need] of needs.entries()) packer.vector(get(need), at + i * H * 4)
  })
}

function planConvolution(units: Units, place: Place): void {
  const { sizes, architecture, packer, engine } = place
  const { hidden: H, kernel } = sizes
  if (!architecture.convolution) return
  const { name } = architecture.convolution
  const [weight, bias] = [units.float(`${name}.conv.weight`, H, H, kernel), units.float(`${name}.conv.bias`, H)]
  units.add([weight, bias], (get) => {
    packer.panels({ weight: byNeighbour(get(weight)), scales: null }, engine.convolutionAt())
    packer.vector(get(bias), engine.convolutionBiasAt())
  })
  planNorm(units, place, `${name}.LayerNorm`, engine.convolutionBiasAt() + H * 4)
}

/** The kernel [n][k][neighbours] as a matrix [n][neighbours k]: as the tokens lie behind each other. */
function byNeighbour(tensor: Tensor): Tensor {
  const [n = 0, k = 0, neighbours = 0] = tensor.shape
  const from = tensor.data.slice().buffer
  const [source, target] =
    tensor.type === 'F32'
      ? [new Uint32Array(from), new Uint32Array(n * k * neighbours)]
      : [new Uint16Array(from), new Uint16Array(n * k * neighbours)]
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < k; j++) {
      for (let s = 0; s < neighbours; s++) target[(i * neighbours + s) * k + j] = source[(i * k + j) * neighbours + s] ?? 0
    }
  }
  return { ...tensor, shape: [n, neighbours * k], data: new Uint8Array(target.buffer) }
}

/** A linear layer, times `factor`, and what else is needed to pack it. */
interface Linear {
  name: string
  n: number
  k: number
  factor: number
  more: readonly string[]
}
function addLinear(
  units: Units,
  { name, n, k, factor, more }: Linear,
  pack: (projection: Projection, get: (name: string) => Tensor) => void,
): void {
  units.add([...units.matrix(`${name}.weight`, n, k), units.float(`${name}.bias`, n), ...more], (get, getMatrix) => {
    pack({ matrix: getMatrix(`${name}.weight`), bias: get(`${name}.bias`), factor }, get)
  })
}

/** Queries, and relative rows that are projected alike, bring the scale of the scores with them. */
const queryFactor = ({ architecture: { terms, hidden, heads } }: Place): number => 1 / Math.sqrt(terms * (hidden / heads))

function planLayer(units: Units, place: Place, layer: number): void {
  const { sizes, architecture, packer, engine } = place
  const { hidden: H, intermediate: F } = sizes
  const prefix = `${architecture.layer}${String(layer)}.`
  for (const [linear, part] of architecture.linears.entries()) {
    const [n, k, factor] = [linear === UP ? F : H, linear === DOWN ? F : H, linear === QUERY ? queryFactor(place) : 1]
    addLinear(units, { name: prefix + part, n, k, factor, more: [] }, (projection) => {
      packer.linear(layer, linear, projection)
    })
  }
  for (const [i, part] of architecture.norms.entries()) planNorm(units, place, prefix + part, engine.normAt(layer) + 2 * i * H * 4)
  planTerms(units, place, layer, prefix)
}

function planTerms(units: Units, place: Place, layer: number, prefix: string): void {
  const { sizes, architecture, packer } = place
  const { hidden: H } = sizes
  const { relative } = architecture
  if (relative.kind !== 'terms') return
  const table = units.float(relative.table, sizes.columns, H)
  const norm = relative.norm ? [units.float(`${relative.norm}.weight`, H), units.float(`${relative.norm}.bias`, H)] : []
  const add = (part: 0 | 1, projected: string, factor: number): void => {
    addLinear(units, { name: prefix + projected, n: H, k: H, factor, more: [table, ...norm] }, (projection, get) => {
      const [gain, bias] = norm.map(get)
      packer.relative(layer, part, get(table), gain && bias ? [gain, bias] : null, projection)
    })
  }
  if (relative.keys) add(0, relative.keys, 1)
  if (relative.queries) add(1, relative.queries, queryFactor(place))
}

function planBiases(units: Units, { sizes, architecture: { relative }, packer }: Place): void {
  if (relative.kind !== 'bias') return
  const table = units.float(relative.table, sizes.columns, sizes.heads)
  units.add([table], (get) => {
    packer.biases(get(table))
  })
}
