// transformers.js on onnxruntime-node: the embedder of the command line.
import type { Embedder } from '../../core/ports'
import { openEmbedder, type EmbedderRequest } from './embedder'

export function openNodeEmbedder(signal: AbortSignal, request: EmbedderRequest): Promise<Embedder> {
  return openEmbedder(signal, request, { name: 'transformers.js, CPU', device: 'cpu', batch: 1, configure: () => undefined })
}
