// From a weight file to something that runs on onnxruntime: the graph, written when the model is opened, and its inputs for each batch. An
// architecture is one file (the encoder), a layout another (what goes in, the head, and its feeds); this is where they meet.
import { AppError } from '../errors'
import type { Batch } from '../encode/batches'
import { sharedPrefixOnly } from '../encode/shared-prefix'
import type { Manifest, ModelInput } from '../types'
import { readDebertaConfig } from './deberta-config'
import { encodeDebertaV2 } from './deberta-v2'
import { openEmbedding, type Embedding } from './embedding'
import type { Feeds } from './feeds'
import { Graph } from './graph'
import { relativeFeeds } from './relative-buckets'
import { readSafetensors, type Safetensors } from './safetensors'
import { writeSharedPrefix, type Encode } from './shared-prefix'
import { feedSharedPrefix, type PositionFeeds } from './shared-prefix-feeds'

export type { Feeds }

export interface CompiledModel {
  /** An ONNX file whose initializers point into the weight file, under `location`. Output: logits [pieces, choices]. */
  onnx: Uint8Array
  location: string
  /** Inputs of the graph for a batch of `inputs`. */
  feed(batch: Batch, inputs: readonly ModelInput[]): Feeds
}

/** `weights`: the whole file, named `file`; it is not kept. Throws weights_damaged, model_unsupported. */
export function compileModel(manifest: Manifest, file: string, weights: Uint8Array): CompiledModel {
  const stored = readSafetensors(file, weights, weights.length)
  const graph = new Graph(stored)
  const { hidden, embedding, encode, feedPositions } = openArchitecture(manifest, graph, stored, weights)
  switch (manifest.layout) {
    case 'shared-prefix':
      writeSharedPrefix(graph, hidden, encode)
      return {
        onnx: graph.encode(),
        location: file,
        feed: (batch, inputs) => feedSharedPrefix(batch, sharedPrefixOnly(inputs), embedding, hidden, feedPositions),
      }
    case 'pairs':
      throw new AppError('model_unsupported', { field: 'layout', value: manifest.layout, known: 'shared-prefix' })
    default:
      throw new Error(`internal: ${String(manifest satisfies never)}`)
  }
}

interface Architecture {
  hidden: number
  embedding: Embedding
  encode: Encode
  feedPositions: PositionFeeds
}

function openArchitecture(manifest: Manifest, graph: Graph, stored: Safetensors, weights: Uint8Array): Architecture {
  if (manifest.architecture !== 'deberta-v2') {
    throw new AppError('model_unsupported', { field: 'architecture', value: manifest.architecture, known: 'deberta-v2' })
  }
  const config = readDebertaConfig(manifest.config)
  return {
    hidden: config.hidden,
    embedding: openEmbedding(stored, weights, config),
    encode: (x, mask, read) => encodeDebertaV2(graph, config, x, mask, read),
    feedPositions: (positions) => relativeFeeds(positions, config.buckets, config.maxRelativePositions),
  }
}
