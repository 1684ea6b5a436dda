// Hands tensors to the engine, which packs them for its kernels (src/engine/packing.ts). Tensors are laid on a workbench behind the weights,
// some rows at a time.
import type { StoredTensor } from '../../core/compile/safetensors'
import { STORED, type Sizes } from './sizes'
import type { Instance } from './wasm'

export interface Tensor extends StoredTensor {
  data: Uint8Array
}
/** A matrix, and the scales of its blocks where it is quantized. */
export interface Matrix {
  weight: Tensor
  scales: Tensor | null
}

/** A linear layer, times `factor`. */
export interface Projection {
  matrix: Matrix
  bias: Tensor
  factor: number
}

/** Bytes that are laid on the workbench at once. */
const PORTION = 1 << 18

/** What packing takes behind the weights at most. */
export function benchBytes({ columns, hidden, intermediate, kernel }: Sizes): number {
  const relativeRows = (columns + 8) * hidden * 4
  return 2 * relativeRows + hidden * hidden * 4 + 2 * PORTION + 16 * (hidden * (1 + kernel) + intermediate) * 4
}

export class Packer {
  private top: number
  private readonly bytes: Uint8Array
  private readonly sizes: Sizes

  constructor(private readonly instance: Instance) {
    this.top = align(instance.weightsEnd)
    this.bytes = new Uint8Array(instance.memory.buffer)
    this.sizes = instance.sizes
  }

  /** Runs `work` and clears the workbench. */
  private onBench(work: () => void): void {
    const top = this.top
    work()
    this.top = top
  }
  private reserve(bytes: number): number {
    const at = this.top
    this.top = align(at + bytes)
    return at
  }
  private put(data: Uint8Array): number {
    const at = this.reserve(data.length)
    this.bytes.set(data, at)
    return at
  }
  /** Bytes as they are, into the weights. */
  copy(data: Uint8Array, at: number): void {
    this.bytes.set(data, at)
  }
  floats(at: number, length: number): Float32Array {
    return new Float32Array(this.instance.memory.buffer, at, length)
  }

  /** A vector or a matrix of whole numbers of four, widened to fp32 at `at`. */
  vector(tensor: Pick<Tensor, 'type' | 'data' | 'bytes'>, at: number, factor = 1): void {
    const kind = STORED[tensor.type === 'F32' ? 'f32' : 'f16']
    const size = tensor.type === 'F32' ? 4 : 2
    for (let from = 0; from < tensor.bytes; from += PORTION) {
      const part = tensor.data.subarray(from, from + PORTION)
      this.onBench(() => {
        this.instance.exports.widen(this.put(part), kind, at + (from / size) * 4, part.length / size, factor)
      })
    }
  }
  /** The only number of a tensor. */
  number(tensor: Tensor): number {
    let value = 0
    this.onBench(() => {
      const at = this.reserve(64)
      this.vector(tensor, at)
      value = this.floats(at, 1)[0] ?? 0
    })
    return value
  }
  /** A matrix [n][k] as fp32 panels at `at`. */
  panels(matrix: Matrix, at: number, factor = 1): void {
    this.eachPortion(matrix, (src, scales, kind, first, count, k, work) => {
      this.instance.exports.packPanels(src, scales, kind, first, count, k, at, factor, work)
    })
  }
  /** Weights and bias of a linear layer. */
  linear(layer: number, linear: number, { matrix, bias, factor }: Projection): void {
    const { exports } = this.instance
    this.vector(bias, exports.biasAt(layer, linear), factor)
    this.eachPortion(matrix, (src, scales, kind, first, count, _k, work) => {
      exports.packLinear(layer, linear, src, scales, kind, first, count, factor, work)
    })
  }
  /** The relative positions' projected keys (part 0) or queries (part 1). `rows`: their embeddings, with their norm where they have one. */
  relative(layer: number, part: 0 | 1, rows: Tensor, norm: readonly [Tensor, Tensor] | null, projection: Projection): void {
    const { exports } = this.instance
    const { hidden, columns } = this.sizes
    const { matrix, bias, factor } = projection
    this.onBench(() => {
      const embedded = this.reserve(columns * hidden * 4)
      this.vector(rows, embedded)
      if (norm) {
        const gain = this.reserve(2 * hidden * 4)
        this.vector(norm[0], gain)
        this.vector(norm[1], gain + hidden * 4)
        exports.normalize(embedded, gain, columns, this.reserve(hidden * 4))
      }
      const panels = this.reserve(hidden * hidden * 4)
      const biasAt = this.reserve(hidden * 4)
      this.panels(matrix, panels, factor)
      this.vector(bias, biasAt, factor)
      exports.packRelative(layer, part, embedded, panels, biasAt, this.reserve((columns + 6) * hidden * 4))
    })
  }
  /** The numbers that distances add to scores, the same in all layers. `table`: [columns][heads]. */
  biases(table: Tensor): void {
    this.onBench(() => {
      const at = this.reserve(table.bytes * 2)
      this.vector(table, at)
      for (let layer = 0; layer < this.sizes.layers; layer++) this.instance.exports.packBiases(layer, at)
    })
  }

  private eachPortion(
    { weight, scales }: Matrix,
    pack: (src: number, scales: number, kind: number, first: number, count: number, k: number, work: number) => void,
  ): void {
    const [n = 0, columns = 0] = weight.shape
    const kind = weight.type === 'F32' ? 'f32' : weight.type === 'F16' ? 'f16' : isHalved(weight, scales) ? 'q4' : 'q8'
    const k = kind === 'q4' ? columns * 2 : columns
    const rowBytes = weight.bytes / n
    const portion = Math.max(1, Math.floor(PORTION / rowBytes))
    for (let first = 0; first < n; first += portion) {
      const count = Math.min(portion, n - first)
      this.onBench(() => {
        const src = this.put(weight.data.subarray(first * rowBytes, (first + count) * rowBytes))
        const scaleBytes = (k / 32) * 2
        const scalesAt = scales ? this.put(scales.data.subarray(first * scaleBytes, (first + count) * scaleBytes)) : 0
        pack(src, scalesAt, STORED[kind], first, count, k, this.reserve(k * 4))
      })
    }
  }
}

/** 4-bit weights have 16 bytes to a scale, 8-bit ones 32. */
const isHalved = (weight: Tensor, scales: Tensor | null): boolean => scales !== null && weight.bytes === scales.bytes * 8

const align = (at: number): number => Math.ceil(at / 64) * 64
