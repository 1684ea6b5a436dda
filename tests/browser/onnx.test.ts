// Models that come as .onnx files, in a page: onnxruntime-web in WebAssembly and on the software WebGPU adapter.
import { describe, expect, it } from 'vitest'
import { ROOT, SOFTWARE_WEBGPU } from './launch'
import { useSources } from './sources'

const fixtures = `/@fs${ROOT}/tests/fixtures`

describe('an .onnx file', () => {
  const sources = useSources({ args: SOFTWARE_WEBGPU })
  it.each([
    ['choices', 'wasm', 1, 1e-4],
    ['pairs', 'wasm', 1, 1e-4],
    ['fixed-choices', 'wasm', 1, 1e-4],
    ['fixed-pairs', 'wasm', 1, 1e-4],
    ['choices', 'webgpu', 6, 1e-3],
    ['pairs', 'webgpu', 6, 1e-3],
    ['fixed-choices', 'webgpu', 6, 1e-3],
  ])('that reads %s gives the logits of PyTorch on %s (of every n-th question: %d)', async (kind, device, every, tolerance) => {
    expect(await sources.call<number>('onnx', 'errorOnDevice', { fixtures, kind, device, every })).toBeLessThan(tolerance)
  })
})
