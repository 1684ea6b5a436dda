// From a weight file to something that runs on onnxruntime: the graph, written when the model is opened, and its inputs for each batch. An
// architecture is one file (the encoder), a layout another (what goes in, the head, and its feeds); this is where they meet.
import { AppError } from '../errors'
import type { Batch } from '../encode/batches'
import { sharedPrefixOnly } from '../encode/shared-prefix'
import type { Architecture as ArchitectureName, Manifest, ModelInput } from '../types'
import type { OpenArchitecture } from './architecture'
import { openBert, openRoberta } from './bert'
import { openDebertaV2 } from './deberta-v2'
import type { Feeds } from './feeds'
import { Graph } from './graph'
import { openLongformer } from './longformer'
import { openMpnet } from './mpnet'
import { feedPairs, writePairs } from './pairs'
import { readSafetensors } from './safetensors'
import { writeSharedPrefix } from './shared-prefix'
import { feedSharedPrefix } from './shared-prefix-feeds'

export type { Feeds }

export interface CompiledModel {
  /** An ONNX file whose initializers point into the weight file, under `location`. Output: logits [pieces, choices]. */
  onnx: Uint8Array
  location: string
  /** Further files that initializers point into: weights repacked for arithmetic in integers. */
  external: { path: string; data: Uint8Array }[]
  /** Inputs of the graph for a batch of `inputs`. */
  feed(batch: Batch, inputs: readonly ModelInput[]): Feeds
}

const ARCHITECTURES: Partial<Record<ArchitectureName, OpenArchitecture>> = {
  'deberta-v2': openDebertaV2,
  bert: openBert,
  roberta: openRoberta,
  mpnet: openMpnet,
  longformer: openLongformer,
}

/**
 * `weights`: the whole file, named `file`; it is not kept. `weightBits`: compute in integers of so many bits what is quantized in the file, which
 * is for the CPU. Throws weights_damaged, model_unsupported.
 */
export function compileModel(manifest: Manifest, file: string, weights: Uint8Array, weightBits: 7 | 8 | null = null): CompiledModel {
  const open = ARCHITECTURES[manifest.architecture]
  if (!open) {
    const known = Object.keys(ARCHITECTURES).join(', ')
    throw new AppError('model_unsupported', { field: 'architecture', value: manifest.architecture, known })
  }
  const stored = readSafetensors(file, weights, weights.length)
  const graph = new Graph(stored, weightBits && { file: weights, weightBits })
  const architecture = open(manifest.config, graph, stored, weights)
  const { layouts = ['pairs'] } = architecture
  if (!layouts.includes(manifest.layout))
    throw new AppError('model_unsupported', { field: 'layout', value: manifest.layout, known: layouts.join(', ') })
  switch (manifest.layout) {
    case 'shared-prefix':
      writeSharedPrefix(graph, architecture.hidden, architecture.encode)
      return {
        ...files(graph),
        feed: (batch, inputs) =>
          feedSharedPrefix(batch, sharedPrefixOnly(inputs), architecture.embedding, architecture.hidden, architecture.feed),
      }
    case 'pairs':
      writePairs(graph, architecture)
      return { ...files(graph), feed: (batch, inputs) => feedPairs(batch, inputs, architecture) }
    default:
      throw new Error(`internal: ${String(manifest satisfies never)}`)
  }
}

const files = (graph: Graph) => ({ onnx: graph.encode(), location: graph.weights.file, external: graph.external })
