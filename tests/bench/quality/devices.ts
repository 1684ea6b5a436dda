// Every way to run a model, in Node and in a page, as data; and logits by one of them.
import type { Scorer } from '../../../src/core/ports'
import type { Arithmetic, ModelInput, Precision } from '../../../src/core/types'

export type Device =
  | { where: 'Node' | 'browser'; runs: 'engine'; arithmetic: Arithmetic }
  | { where: 'Node'; runs: 'cpu'; arithmetic: Arithmetic }
  | { where: 'browser'; runs: 'wasm' | 'webgpu' }

export const DEVICES: readonly Device[] = [
  { where: 'Node', runs: 'engine', arithmetic: 'float' },
  { where: 'Node', runs: 'engine', arithmetic: 'int8' },
  { where: 'browser', runs: 'engine', arithmetic: 'float' },
  { where: 'browser', runs: 'engine', arithmetic: 'int8' },
  { where: 'Node', runs: 'cpu', arithmetic: 'float' },
  { where: 'Node', runs: 'cpu', arithmetic: 'int8' },
  { where: 'browser', runs: 'wasm' },
  { where: 'browser', runs: 'webgpu' },
]

const RUNTIMES = { wasm: 'onnxruntime, WASM', webgpu: 'onnxruntime, WebGPU (software)' } as const
export function nameOf(device: Device): string {
  if (device.runs === 'engine') return `engine, ${device.arithmetic}, ${device.where}`
  return device.runs === 'cpu' ? `onnxruntime, ${device.arithmetic}, Node` : RUNTIMES[device.runs]
}

/** onnxruntime computes in integers with weights in blocks alone. */
export const computes = (device: Device, precision: Precision): boolean =>
  device.runs !== 'cpu' || device.arithmetic === 'float' || precision === 'q8' || precision === 'q4'

export interface Errand {
  device: Device
  /** A model folder on the disk, or where it is served. */
  folder: string
  file: string
  precision: Precision
  inputs: readonly PlainInput[]
}

/** A ModelInput in plain arrays, so that it crosses into the page. */
export type PlainInput =
  { prefixIds: number[]; contextTokens: number; choiceIds: number[][] } | { pairs: { ids: number[]; types: number[] | null }[] }

export const toPlain = (input: ModelInput): PlainInput =>
  input.layout === 'pairs'
    ? { pairs: input.pairs.map(({ ids, types }) => ({ ids: [...ids], types: types && [...types] })) }
    : { prefixIds: [...input.prefixIds], contextTokens: input.contextTokens, choiceIds: input.choiceIds.map((ids) => [...ids]) }

function toInput(plain: PlainInput): ModelInput {
  const ids = (numbers: readonly number[]): Int32Array => Int32Array.from(numbers)
  if ('pairs' in plain)
    return { layout: 'pairs', pairs: plain.pairs.map((pair) => ({ ids: ids(pair.ids), types: pair.types && ids(pair.types) })) }
  return {
    layout: 'shared-prefix',
    prefixIds: ids(plain.prefixIds),
    contextTokens: plain.contextTokens,
    choiceIds: plain.choiceIds.map(ids),
  }
}

/** Logits of each input; closes the scorer. */
export async function scoreAll(scorer: Scorer, inputs: readonly PlainInput[]): Promise<number[][]> {
  const logits: number[][] = []
  await scorer.score(new AbortController().signal, inputs.map(toInput), (index, values) => (logits[index] = Array.from(values)))
  await scorer.close()
  return logits
}
