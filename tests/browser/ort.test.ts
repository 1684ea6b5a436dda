// The written graph on onnxruntime-web: WebAssembly as a second opinion on the engine, WebGPU on the software adapter.
import { describe, expect, it } from 'vitest'
import { SOFTWARE_WEBGPU } from './launch'
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
  it('reproduces one batch of the embedded model within 1e-3', async () => {
    const asked = { ...EMBEDDED, file: 'weights.fp16.safetensors', precision: 'fp32', every: 23 }
    const { error, questions } = await ask(asked)
    expect(questions).toBe(4)
    expect(error).toBeLessThan(1e-3)
  })
})
