// Weights as a graph uses them. Numbers stored in 16 bits are widened by a Cast on the initializer, which onnxruntime folds once when
// it opens the graph; 8- and 4-bit blocks stay as they are and go to MatMulNBits, or on a CPU are widened, or repacked for arithmetic in integers.
import { BLOCK } from '../checkpoint/quantize'
import { AppError } from '../errors'
import { widenBlocks, type Blocks } from './blocks'
import { FLOAT, MICROSOFT, type Graph, type Value } from './graph'
import { integerLinear } from './integers'
import type { Safetensors, StoredTensor } from './safetensors'

/** What is added to a score that must not count: its softmax is exactly 0, and it is far from the end of half precision. */
export const BLOCKED = -1e4

/** Throws weights_damaged where the file lacks it or its shape is another. */
export function expectTensor(weights: Safetensors, name: string, shape: readonly number[]): StoredTensor {
  const tensor = weights.tensors.get(name)
  if (!tensor) throw new AppError('weights_damaged', { file: weights.file, reason: `${name} is missing` })
  if (tensor.shape.join() !== shape.join()) {
    throw new AppError('weights_damaged', {
      file: weights.file,
      reason: `${name} is [${tensor.shape.join()}], the config asks for [${shape.join()}]`,
    })
  }
  return tensor
}

/** A tensor as float32. Throws weights_damaged. */
export function float(graph: Graph, name: string, shape: readonly number[]): Value {
  const tensor = expectTensor(graph.weights, name, shape)
  const value = graph.stored(name, tensor)
  return tensor.type === 'F32' ? value : graph.once(`${name} widened`, () => graph.op('Cast', [value], { to: FLOAT }))
}

/** x [rows, inputs] -> x Wᵀ + b [rows, outputs], for `name`.weight [outputs, inputs] in whatever way it is stored. Throws weights_damaged. */
export function linear(graph: Graph, x: Value, name: string, inputs: number, outputs: number): Value {
  const bias = float(graph, `${name}.bias`, [outputs])
  const stored = blocksOf(graph, `${name}.weight`, inputs, outputs)
  const { repacking } = graph
  if (!stored || repacking?.weightBits === 32) return graph.op('Gemm', [x, matrix(graph, name, inputs, outputs), bias], { transB: 1n })
  if (repacking) return integerLinear(graph, repacking, stored, `${name}.weight`, x, inputs, outputs, bias)
  const blocks = useBlocks(graph, `${name}.weight`, stored, inputs, outputs)
  const sizes = { K: BigInt(inputs), N: BigInt(outputs), bits: BigInt(blocks.bits), block_size: BigInt(BLOCK) }
  return graph.op('MatMulNBits', [x, blocks.packed, blocks.scales, '', '', bias], sizes, MICROSOFT)
}

/** As `linear` for an x that depends on weights only. Blocks are unpacked in the graph, since onnxruntime does not fold MatMulNBits. */
export function foldedLinear(graph: Graph, x: Value, name: string, inputs: number, outputs: number): Value {
  const blocks = blocksOf(graph, `${name}.weight`, inputs, outputs)
  if (!blocks || graph.repacking?.weightBits === 32) return linear(graph, x, name, inputs, outputs)
  const { bits, packed, scales } = useBlocks(graph, `${name}.weight`, blocks, inputs, outputs)
  const bytes = graph.op('Cast', [packed], { to: FLOAT })
  const codes = bits === 8 ? bytes : nibbles(graph, bytes)
  const centred = graph.op('Sub', [graph.op('Reshape', [codes, graph.ints(outputs, -1, BLOCK)]), graph.floats([2 ** (bits - 1)])])
  const weights = graph.op('Mul', [centred, graph.op('Reshape', [scales, graph.ints(outputs, -1, 1)])])
  const unpacked = graph.op('Reshape', [weights, graph.ints(outputs, inputs)])
  return graph.op('Gemm', [x, unpacked, float(graph, `${name}.bias`, [outputs])], { transB: 1n })
}

/** `name`.weight [outputs, inputs] in float32; what is in blocks is widened where the graph says so. Throws weights_damaged. */
function matrix(graph: Graph, name: string, inputs: number, outputs: number): Value {
  const weight = `${name}.weight`
  const blocks = blocksOf(graph, weight, inputs, outputs)
  const { repacking } = graph
  if (!blocks || !repacking) return float(graph, weight, [outputs, inputs])
  return graph.once(`${weight} widened`, () => {
    const numbers = widenBlocks(repacking.file, blocks, inputs, outputs)
    return graph.made(`${weight} widened`, 'F32', [outputs, inputs], new Uint8Array(numbers.buffer))
  })
}

/** Bytes [outputs, blocks, n] -> their low and high halves in turns [outputs, blocks, n, 2]. */
function nibbles(graph: Graph, bytes: Value): Value {
  const high = graph.op('Floor', [graph.op('Mul', [bytes, graph.floats([1 / 16])])])
  const low = graph.op('Sub', [bytes, graph.op('Mul', [high, graph.floats([16])])])
  const last = graph.ints(-1)
  return graph.op('Concat', [graph.op('Unsqueeze', [low, last]), graph.op('Unsqueeze', [high, last])], { axis: -1n })
}

/** A weight in blocks, codes [outputs, inputs · bits / 8] and scales [outputs, blocks]; null if it is not. Throws weights_damaged. */
function blocksOf({ weights }: Graph, name: string, inputs: number, outputs: number): Blocks | null {
  const stored = weights.tensors.get(name)
  if (stored?.type !== 'U8') return null
  const bits = stored.shape[1] === inputs ? 8 : 4
  const codes = expectTensor(weights, name, [outputs, (inputs * bits) / 8])
  return { codes, scales: expectTensor(weights, `${name}.scales`, [outputs, inputs / BLOCK]), bits }
}

/** The same in the graph: codes [outputs, blocks, bytes a block] as MatMulNBits reads them, scales [outputs, blocks] in float32. */
function useBlocks(graph: Graph, name: string, { codes, bits }: Blocks, inputs: number, outputs: number) {
  return {
    bits,
    packed: graph.stored(name, codes, [outputs, inputs / BLOCK, (BLOCK * bits) / 8]),
    scales: float(graph, `${name}.scales`, [outputs, inputs / BLOCK]),
  }
}

/** Throws weights_damaged. */
export function layerNorm(graph: Graph, x: Value, name: string, width: number, epsilon: number): Value {
  return graph.op('LayerNormalization', [x, float(graph, `${name}.weight`, [width]), float(graph, `${name}.bias`, [width])], {
    axis: -1n,
    epsilon,
  })
}

/** layerNorm(x + skip). Throws weights_damaged. */
export function addAndNorm(graph: Graph, x: Value, skip: Value, name: string, width: number, epsilon: number): Value {
  const parameters = [float(graph, `${name}.weight`, [width]), float(graph, `${name}.bias`, [width])]
  return graph.op('SkipLayerNormalization', [x, skip, ...parameters], { epsilon }, MICROSOFT)
}
