// transformers.js on onnxruntime-web: WebGPU where there is a real GPU, otherwise WebAssembly. transformers.js points onnxruntime at a
// content network; here its WebAssembly comes from our own build, beside the page.
import { AppError } from '../../core/errors'
import type { Embedder } from '../../core/ports'
import { openEmbedder, type EmbedderRequest } from './embedder'

/** `isGpu`: there is hardware behind WebGPU. A GPU that fails is replaced by WebAssembly. */
export async function openBrowserEmbedder(signal: AbortSignal, request: EmbedderRequest, isGpu: boolean): Promise<Embedder> {
  const wasm = (await import('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url')).default
  const configure: Parameters<typeof openEmbedder>[2]['configure'] = ({ backends }) => {
    const settings = backends.onnx.wasm
    if (!settings) throw new Error('internal: transformers.js came without onnxruntime-web')
    settings.wasmPaths = { wasm }
    settings.numThreads = crossOriginIsolated ? navigator.hardwareConcurrency : 1
  }
  if (isGpu) {
    try {
      return await openEmbedder(signal, request, { name: 'transformers.js, WebGPU', device: 'webgpu', batch: 16, configure })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'embedder_failed') throw error
    }
  }
  return openEmbedder(signal, request, { name: 'transformers.js, WebAssembly', device: 'wasm', batch: 1, configure })
}
