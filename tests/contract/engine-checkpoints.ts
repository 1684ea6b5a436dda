// The tiny checkpoints of tests/fixtures/checkpoints as models of layout pairs, with what PyTorch says about them. Used in Node and, bundled,
// in the browser.
import type { ModelFileReader, SeekableFile } from '../../src/core/ports'
import type { Architecture, PairsInput, PairsManifest } from '../../src/core/types'
import type { GoldenItem } from './engine-golden'

interface GoldenFile {
  truncation: { max_length: number }
  items: { input_ids: number[][]; token_type_ids: number[][]; attention_lengths: number[]; logits: number[] }[]
}

/** `json`: golden.json or golden-long.json of a checkpoint, parsed: its ids and types without what was padded. */
export function readPairsGolden(json: unknown): GoldenItem<PairsInput>[] {
  return (json as GoldenFile).items.map(({ input_ids, token_type_ids, attention_lengths, logits }) => {
    const trimmed = (rows: number[][], pair: number): Int32Array => Int32Array.from(rows[pair]!.slice(0, attention_lengths[pair]))
    const pairs = input_ids.map((_, pair) => ({ ids: trimmed(input_ids, pair), types: trimmed(token_type_ids, pair) }))
    return { input: { layout: 'pairs', pairs }, logits }
  })
}

/** A manifest for the checkpoint as it lies there, its weights in fp32. */
export function checkpointManifest(config: Record<string, unknown>, golden: unknown): PairsManifest {
  return {
    format: 'pagewise-model/1',
    id: 'checkpoint',
    title: 'Checkpoint',
    licence: '',
    source: '',
    architecture: config['model_type'] as Architecture,
    config,
    layout: 'pairs',
    maxTokens: { pair: (golden as GoldenFile).truncation.max_length },
    template: '{context} #### {prompt}',
    files: [],
    selfTest: null,
    scores: [],
  }
}

export function seekable(name: string, bytes: Uint8Array): SeekableFile {
  return { ...bytesReader(name, bytes), read: (_signal, offset, length) => Promise.resolve(bytes.slice(offset, offset + length)) }
}

export function bytesReader(name: string, bytes: Uint8Array, chunkBytes = 50_000): ModelFileReader {
  return {
    name,
    bytes: bytes.length,
    async *stream() {
      await Promise.resolve()
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
    },
  }
}
