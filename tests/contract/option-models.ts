// The tiny models of tests/fixtures/architecture-options.json: their weights are made by the rule of make_option_golden.py, so that only what PyTorch
// says about them is stored.
import { readBlueprint } from '../../src/core/checkpoint/architectures'
import { createFields } from '../../src/core/checkpoint/config-fields'
import { elementsOf } from '../../src/core/checkpoint/tensor-source'
import type { Architecture, PairsInput, PairsManifest } from '../../src/core/types'
import { safetensorsFile } from '../unit/compile-file'
import { checkpointManifest } from './engine-checkpoints'
import type { GoldenItem } from './engine-golden'
import golden from '../fixtures/architecture-options.json'

interface OptionModel {
  config: Record<string, unknown>
  tensors: Record<string, number[]>
  pairs: { ids: number[]; types: number[] }[]
  logits: number[]
}
export const OPTION_MODELS = golden.models as unknown as Record<string, OptionModel>

export const optionManifest = ({ config }: OptionModel): PairsManifest => ({
  ...checkpointManifest(config, { truncation: { max_length: 64 } }),
  architecture: config['model_type'] as Architecture,
})

/** One question whose options are the model's pairs. */
export function optionItem({ pairs, logits }: OptionModel): GoldenItem<PairsInput> {
  const input = pairs.map(({ ids, types }) => ({ ids: Int32Array.from(ids), types: Int32Array.from(types) }))
  return { input: { layout: 'pairs', pairs: input }, logits }
}

/** A safetensors file of fp32. */
export function optionWeights({ tensors }: OptionModel): Uint8Array {
  const names = Object.keys(tensors).sort()
  return safetensorsFile(
    names.map((name, n) => {
      const shape = tensors[name]!
      const values = Float32Array.from({ length: elementsOf(shape) }, (_, i) => weight(name, n, i))
      return { name, type: 'F32' as const, shape, bytes: new Uint8Array(values.buffer) }
    }),
  )
}

/** `weights_of` of make_option_golden.py. */
function weight(name: string, n: number, i: number): number {
  const first = (Math.imul(i, 2654435761) + n * 40503 + 12345) >>> 0
  const value = (Math.imul(first ^ (first >>> 15), 2246822519) >>> 0) / 2 ** 32 - 0.5
  if (name.endsWith('LayerNorm.weight')) return 1 + value
  return name.includes('embeddings.weight') ? 2 * value : value
}

/** Names and shapes that the config asks for, as the fixture lists them. */
export function askedTensors({ config }: OptionModel): Record<string, number[]> {
  const { tensors } = readBlueprint(createFields(config))
  return Object.fromEntries(tensors.map(({ name, shape }) => [name, [...shape]]))
}
