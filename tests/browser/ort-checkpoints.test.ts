// The written graphs of layout pairs on onnxruntime-web against PyTorch, on every tiny checkpoint: in WebAssembly, and on WebGPU on the software
// adapter. Node runs the same in tests/contract/ort-checkpoints.test.ts.
import { describe, expect, it } from 'vitest'
import { FOLDERS } from '../unit/checkpoint-source'
import { OPTION_MODELS } from '../contract/option-models'
import { ROOT, SOFTWARE_WEBGPU } from './launch'
import type { CheckpointOutcome } from './page/ort-checkpoints'
import { useSources } from './sources'

const GOLDENS = [...FOLDERS.map((folder) => [folder, 'golden.json'] as const), ['deberta-v3-unigram', 'golden-long.json'] as const]
/** On software WebGPU a model takes seconds to open: there, those options are tried whose operators no other model has. */
const GPU_OPTIONS = [
  'deberta-v2, all of it',
  'deberta-v2, one layer, a wide convolution, tanh',
  'deberta-v2, no relative terms',
  'bert, silu',
  'roberta, gelu_pytorch_tanh, padding at 4',
]
const DEVICES = [
  ['wasm', 1e-4, undefined],
  ['webgpu', 1e-3, GPU_OPTIONS],
] as const
/** Weights in 8 and 4 bits are multiplied in another order on each device. */
const APART = 1e-2

const sources = useSources({ args: SOFTWARE_WEBGPU })
const ask = (folder: string, device: string, more: object = {}): Promise<CheckpointOutcome> =>
  sources.call('ort-checkpoints', 'onOrt', {
    folder: `/@fs${ROOT}/tests/fixtures/checkpoints/${folder}`,
    golden: 'golden.json',
    precision: 'fp32',
    device,
    threads: 2,
    ...more,
  })

describe.each(DEVICES)('the graph of a checkpoint on %s', (device, most, names) => {
  it.each(GOLDENS)(`reproduces the logits of PyTorch within ${String(most)}, and its rankings: %s, %s`, async (folder, golden) => {
    const { error, topOne } = await ask(folder, device, { golden })
    expect(error).toBeLessThan(most)
    expect(topOne).toBe(1)
  })
  it(`reproduces the logits of PyTorch within ${String(most)} with every option`, async () => {
    const errors = await sources.call<Record<string, number>>('ort-checkpoints', 'optionErrors', { device, threads: 2, names })
    expect(Object.keys(errors)).toHaveLength((names ?? Object.keys(OPTION_MODELS)).length)
    expect(Object.entries(errors).filter(([, error]) => !(error < most))).toEqual([])
  })
})

describe('the graph of a checkpoint for long texts', () => {
  // So long that the heads of these small models do not fit in one buffer together.
  const mostTokens = 8192
  it.each(['bert-wordpiece', 'deberta-v3-unigram', 'longformer-bpe', 'mpnet-wordpiece'])(
    'reproduces the logits of PyTorch with its heads in parts on WebGPU: %s',
    async (folder) => {
      expect((await ask(folder, 'webgpu', { every: 6, mostTokens })).error).toBeLessThan(1e-3)
    },
  )
})

describe('the graph of a compiled checkpoint', () => {
  it.each(FOLDERS.flatMap((folder) => (['q8', 'q4'] as const).map((precision) => [folder, precision] as const)))(
    'computes on WebGPU what it computes in WebAssembly: %s, %s',
    async (folder, precision) => {
      const [gpu, cpu] = [await ask(folder, 'webgpu', { precision, every: 6 }), await ask(folder, 'wasm', { precision, every: 6 })]
      const apart = gpu.logits.flatMap((row, q) => row.map((logit, c) => Math.abs(logit - cpu.logits[q]![c]!)))
      expect(Math.max(...apart)).toBeLessThan(APART)
    },
  )
  it.each(FOLDERS.flatMap((folder) => (['fp32', 'q8'] as const).map((precision) => [folder, precision] as const)))(
    'computes in WebAssembly a segment at a time what it computes as a whole: %s, %s',
    async (folder, precision) => {
      const asked = { precision, every: 6 }
      const [whole, parts] = [await ask(folder, 'wasm', asked), await ask(folder, 'wasm', { ...asked, segmentBytes: 8000 })]
      const apart = parts.logits.flatMap((row, q) => row.map((logit, c) => Math.abs(logit - whole.logits[q]![c]!)))
      expect(Math.max(...apart)).toBeLessThan(1e-5)
    },
  )
  it.each(FOLDERS)('is near PyTorch in integers, in WebAssembly: %s', async (folder) => {
    // As much as a self-test allows integers.
    expect((await ask(folder, 'wasm', { precision: 'q8', arithmetic: 'int8' })).error).toBeLessThan(1.5)
  })
})
