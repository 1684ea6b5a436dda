// From a weight file to something that runs on onnxruntime: the graph, written when the model is opened, and its inputs for each batch. An
// architecture is one file (the encoder), a layout another (what goes in, the head, and its feeds); this is where they meet.
import { AppError } from '../errors'
import { MOST_PIECE_TOKENS, type Batch } from '../encode/batches'
import { sharedPrefixOnly } from '../encode/shared-prefix'
import type { Architecture as ArchitectureName, Manifest, ModelInput } from '../types'
import type { Encode, OpenArchitecture } from './architecture'
import { openBert, openRoberta } from './bert'
import { openDebertaV2 } from './deberta-v2'
import { openEmbedding, type Embedding, type EmbeddingTables } from './embedding'
import type { Feeds } from './feeds'
import { Graph, type Repacking } from './graph'
import { MOST_BUFFER_BYTES } from './head-groups'
import { computeInHalves } from './halves'
import { openLongformer } from './longformer'
import { openMpnet } from './mpnet'
import { feedPairs, writePairs } from './pairs'
import { readSafetensors, type Safetensors } from './safetensors'
import { writeSharedPrefix } from './shared-prefix'
import { feedSharedPrefix } from './shared-prefix-feeds'

export type { Feeds }

export interface CompiledModel {
  /** An ONNX file whose initializers point into the weight file, under `location`. Output: logits [pieces, choices]. */
  onnx: Uint8Array
  location: string
  /** Further files that initializers point into: weights that were widened, or repacked for arithmetic in integers. */
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

/** A graph, and what it is fed with. */
export interface WrittenModel {
  graph: Graph
  /** How many of the graph's nodes stand before its head. */
  encoderEnd: number
  tables: EmbeddingTables
  /** Inputs of the graph for a batch of `inputs`. */
  feed(embedding: Embedding, batch: Batch, inputs: readonly ModelInput[]): Feeds
}

/**
 * `weights`: the whole file, named `file`; it is not kept. `weightBits`: how to compute with what is quantized in the file on a CPU, in integers of
 * 7 or 8 bits or in numbers of 32; 16: how a GPU with half precision computes with weights of 16 bits; null: as they are stored, and with numbers in
 * 32. Throws weights_damaged, model_unsupported.
 */
export function compileModel(
  manifest: Manifest,
  file: string,
  weights: Uint8Array,
  weightBits: 7 | 8 | 16 | 32 | null = null,
): CompiledModel {
  const stored = readSafetensors(file, weights, weights.length)
  const repacking = weightBits === null || weightBits === 16 ? null : { file: weights, weightBits }
  const { graph, tables, feed, encoderEnd } = writeModel(manifest, stored, repacking)
  if (weightBits === 16) computeInHalves(graph, encoderEnd)
  const embedding = openEmbedding(stored, weights, tables)
  return {
    onnx: graph.encode(),
    location: file,
    external: graph.takeExternal(),
    feed: (batch, inputs) => feed(embedding, batch, inputs),
  }
}

/**
 * The same of what a weight file says about itself, without its weights. `bufferBytes`: what attention computes at a time fits in so many.
 * Throws weights_damaged, model_unsupported.
 */
export function writeModel(
  manifest: Manifest,
  stored: Safetensors,
  repacking: Repacking | null = null,
  bufferBytes = MOST_BUFFER_BYTES,
): WrittenModel {
  const open = ARCHITECTURES[manifest.architecture]
  if (!open) {
    const known = Object.keys(ARCHITECTURES).join(', ')
    throw new AppError('model_unsupported', { field: 'architecture', value: manifest.architecture, known })
  }
  const graph = new Graph(stored, repacking)
  // A sequence of layout shared-prefix is a piece of a few choices: core/encode/batches.ts.
  const tokens = manifest.layout === 'pairs' ? manifest.maxTokens.pair : MOST_PIECE_TOKENS
  const architecture = open(manifest.config, graph, { tokens, bufferBytes })
  const { layouts = ['pairs'], hidden, tables } = architecture
  let encoderEnd = 0
  const encode: Encode = (...inputs) => {
    const states = architecture.encode(...inputs)
    encoderEnd = graph.nodes.length
    return states
  }
  if (!layouts.includes(manifest.layout))
    throw new AppError('model_unsupported', { field: 'layout', value: manifest.layout, known: layouts.join(', ') })
  switch (manifest.layout) {
    case 'shared-prefix': {
      writeSharedPrefix(graph, hidden, encode)
      const feed: WrittenModel['feed'] = (embedding, batch, inputs) =>
        feedSharedPrefix(batch, sharedPrefixOnly(inputs), embedding, hidden, architecture.feed)
      return { graph, encoderEnd, tables, feed }
    }
    case 'pairs':
      writePairs(graph, { ...architecture, encode })
      return { graph, encoderEnd, tables, feed: (embedding, batch, inputs) => feedPairs(batch, inputs, embedding, architecture) }
    default:
      throw new Error(`internal: ${String(manifest satisfies never)}`)
  }
}
