// From a weight file to something that runs on onnxruntime: the graph, written when the model is opened, and its inputs for each batch. An
// architecture is one file (the encoder), a layout another (what goes in, the head, and its feeds); this is where they meet.
import { AppError } from '../errors'
import type { Batch } from '../encode/batches'
import type { Manifest, ModelInput } from '../types'
import { readDebertaConfig } from './deberta-config'
import { encodeDebertaV2 } from './deberta-v2'
import { openEmbedding } from './embedding'
import type { Feeds } from './feeds'
import { Graph } from './graph'
import { relativeFeeds } from './relative-buckets'
import { headerEnd, readSafetensors } from './safetensors'
import { writeSharedPrefix } from './shared-prefix'
import { feedSharedPrefix } from './shared-prefix-feeds'

export { headerEnd, readSafetensors }
export type { Feeds }

export interface CompiledModel {
  /** An ONNX file whose initializers point into the weight file, under `location`. Output: logits [pieces, choices]. */
  onnx: Uint8Array
  location: string
  /** Inputs of the graph for a batch of `inputs`. */
  feed(batch: Batch, inputs: readonly ModelInput[]): Feeds
}

/** `weights`: the whole file, named `file`. Throws weights_damaged, model_unsupported. */
export function compileModel(manifest: Manifest, file: string, weights: Uint8Array): CompiledModel {
  const stored = readSafetensors(file, weights, weights.length)
  const graph = new Graph(stored)
  switch (manifest.architecture) {
    case 'deberta-v2': {
      const config = readDebertaConfig(manifest.config)
      const embedding = openEmbedding(stored, weights, config)
      const feedPositions = (positions: Int32Array): Feeds => relativeFeeds(positions, config.buckets, config.maxRelativePositions)
      switch (manifest.layout) {
        case 'shared-prefix':
          writeSharedPrefix(graph, config.hidden, (x, mask, read) => encodeDebertaV2(graph, config, x, mask, read))
          return {
            onnx: graph.encode(),
            location: file,
            feed: (batch, inputs) => feedSharedPrefix(batch, inputs, embedding, config.hidden, feedPositions),
          }
        default:
          throw new AppError('model_unsupported', {
            field: 'layout',
            value: String(manifest.layout satisfies never),
            known: 'shared-prefix',
          })
      }
    }
    default:
      throw new AppError('model_unsupported', {
        field: 'architecture',
        value: String(manifest.architecture satisfies never),
        known: 'deberta-v2',
      })
  }
}
