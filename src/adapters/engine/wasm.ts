// The compiled engine (src/engine) and its memory. A module is opened once in the host, which packs the weights, and once in every worker.
import { STORED, type Sizes } from './sizes'

/** src/engine/index.ts; all addresses are byte offsets into the memory. */
export interface EngineExports extends WebAssembly.Exports {
  configure: (
    arithmetic: number,
    vocabulary: number,
    hidden: number,
    heads: number,
    layers: number,
    intermediate: number,
    positions: number,
    types: number,
    relative: number,
    columns: number,
    near: number,
    reach: number,
    wordKind: number,
    pooler: number,
    kernel: number,
    kernelActivation: number,
    epsilon: number,
  ) => number
  setScratch: (at: number) => void
  setFused: (isFused: number) => void
  setTall: (isTall: number) => void
  scratchBytes: (rows: number) => number
  answer: (questions: number, count: number, ids: number, types: number, out: number) => void

  wordsAt: () => number
  wordScalesAt: () => number
  positionsAt: () => number
  typesAt: () => number
  embeddingNormAt: () => number
  farColumnsAt: () => number
  convolutionAt: () => number
  convolutionBiasAt: () => number
  headAt: () => number
  poolerBiasAt: () => number
  headNumbersAt: () => number
  biasAt: (layer: number, linear: number) => number
  normAt: (layer: number) => number

  widen: (src: number, kind: number, dst: number, n: number, factor: number) => void
  packPanels: (
    src: number,
    scales: number,
    kind: number,
    first: number,
    count: number,
    k: number,
    dst: number,
    factor: number,
    work: number,
  ) => void
  packLinear: (
    layer: number,
    linear: number,
    src: number,
    scales: number,
    kind: number,
    first: number,
    count: number,
    factor: number,
    work: number,
  ) => void
  packBiases: (layer: number, table: number) => void
  packRelative: (layer: number, part: number, rows: number, panels: number, bias: number, work: number) => void
  normalize: (x: number, norm: number, m: number, work: number) => void
  gemmFloat: (
    a: number,
    lda: number,
    w: number,
    ws: number,
    bias: number,
    c: number,
    ldc: number,
    cs: number,
    m: number,
    k: number,
    n: number,
    mode: number,
  ) => void
  gemmIntFused: GemmInt
  gemmIntTwoStep: GemmInt
}
export type GemmInt = (
  a: number,
  rows: number,
  w: number,
  c: number,
  ldc: number,
  cs: number,
  m: number,
  k: number,
  n: number,
  mode: number,
) => void

export interface Instance {
  exports: EngineExports
  memory: WebAssembly.Memory
  sizes: Sizes
  /** First byte behind the weights. */
  weightsEnd: number
}

export const PAGE_BYTES = 65536
/** src/engine/kernels/activation.ts */
const ACTIVATIONS = { gelu: 0, tanh: 1 } as const

export async function openKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<EngineExports> {
  const abort = () => {
    throw new Error('internal: the engine stopped')
  }
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, abort } })
  return exports as EngineExports
}

export async function openInstance(module: WebAssembly.Module, memory: WebAssembly.Memory, sizes: Sizes): Promise<Instance> {
  const exports = await openKernels(module, memory)
  return { exports, memory, sizes, weightsEnd: configure(exports, sizes) }
}

function configure(engine: EngineExports, sizes: Sizes): number {
  const { vocabulary, hidden, heads, layers, intermediate, positions, types, columns, near, reach, kernel, epsilon } = sizes
  const arithmetic = sizes.arithmetic === 'float' ? 0 : 1
  const relative = sizes.relative === 'terms' ? 0 : 1
  const [words, pooler, kernelActivation] = [STORED[sizes.words], ACTIVATIONS[sizes.pooler], ACTIVATIONS[sizes.kernelActivation]]
  const counts = [vocabulary, hidden, heads, layers, intermediate, positions, types] as const
  const end = engine.configure(arithmetic, ...counts, relative, columns, near, reach, words, pooler, kernel, kernelActivation, epsilon)
  return end >>> 0
}

/** What a model of these sizes takes: its weights, and the area of a worker. */
export async function measure(
  module: WebAssembly.Module,
  sizes: Sizes,
  isShared: boolean,
): Promise<{ weightsEnd: number; scratchBytes: number }> {
  const { exports, weightsEnd } = await openInstance(module, createMemory(PAGE_BYTES, isShared), sizes)
  return { weightsEnd, scratchBytes: exports.scratchBytes(sizes.rows) >>> 0 }
}

export function createMemory(bytes: number, isShared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES)
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared })
}
