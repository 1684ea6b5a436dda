// The written graph on onnxruntime-web: WebAssembly as a second opinion on the engine, WebGPU on the software adapter.
import { describe, expect, it } from 'vitest'
import type { GpuView } from '../../src/adapters/browser/environment'
import { HARDWARE_WEBGPU, SOFTWARE_WEBGPU } from './launch'
import type { Outcome } from './page/models'
import { EMBEDDED, TINY, useSources } from './sources'

describe('the graph in WebAssembly', () => {
  const sources = useSources()

  it('reproduces the logits of PyTorch within 1e-4', async () => {
    const asked = { ...EMBEDDED, file: 'weights.fp16.safetensors', precision: 'fp32', every: 4, device: 'wasm', threads: 2 }
    expect((await sources.call<Outcome>('models', 'onOrt', asked)).error).toBeLessThan(1e-4)
  })
})

describe('the graph on WebGPU', () => {
  const sources = useSources({ args: SOFTWARE_WEBGPU })
  const ask = (asked: object): Promise<Outcome> => sources.call('models', 'onOrt', { device: 'webgpu', every: 1, ...asked })

  it('reproduces the logits of a tiny model within 1e-3', async () => {
    expect((await ask({ ...TINY, file: 'weights.fp16.safetensors', precision: 'fp32' })).error).toBeLessThan(1e-3)
  })
  it.each(['q8', 'q4'])('computes with %s weights what WebAssembly computes with them', async (precision) => {
    const asked = { ...TINY, file: `weights.${precision}.safetensors`, precision }
    const [gpu, cpu] = [await ask(asked), await ask({ ...asked, device: 'wasm', threads: 1 })]
    const apart = gpu.logits.flatMap((row, q) => row.map((logit, c) => Math.abs(logit - cpu.logits[q]![c]!)))
    expect(Math.max(...apart)).toBeLessThan(1e-2)
  })
  it('computes weights of 16 bits in 32, since this adapter has no half precision', async () => {
    const { error, description } = await ask({ ...TINY, file: 'weights.fp16.safetensors', precision: 'fp16' })
    expect([description, error < 1e-3]).toEqual(['onnxruntime, WebGPU, fp16', true])
  })
  it('reproduces one batch of the embedded model within 1e-3', async () => {
    const asked = { ...EMBEDDED, file: 'weights.fp16.safetensors', precision: 'fp32', every: 23 }
    const { error, questions } = await ask(asked)
    expect(questions).toBe(4)
    expect(error).toBeLessThan(1e-3)
  })
})

// Chromium's software adapter has no shader-f16, and Chromium takes no other software driver; tests/contract/ort-halves.test.ts runs the same
// graphs on one that has it.
describe('half precision on WebGPU, where Chromium finds an adapter with shader-f16', () => {
  const sources = useSources({ args: HARDWARE_WEBGPU })

  it('is near the logits of the embedded model', async (context) => {
    const gpu = await sources.call<GpuView | null>('models', 'viewGpu')
    context.skip(!gpu?.hasF16, 'this machine has no GPU with shader-f16 that Chromium takes')
    const asked = { ...EMBEDDED, file: 'weights.fp16.safetensors', precision: 'fp16', every: 23, device: 'webgpu' }
    const { error, description } = await sources.call<Outcome>('models', 'onOrt', asked)
    expect([description, error < 0.075]).toEqual(['onnxruntime, WebGPU, fp16, computed in 16 bits', true])
  })
})
