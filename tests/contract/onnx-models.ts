// The .onnx fixtures as model folders in memory; `read` gives the bytes of a file of tests/fixtures, in Node and in a page.
import { createClock } from '../../src/adapters/clock/clock'
import { sha256 } from '../../src/adapters/crypto/sha256'
import { createMemoryChunkStore } from '../../src/adapters/memory/stores'
import type { ByteSource } from '../../src/core/checkpoint'
import type { FileSource, Scorer } from '../../src/core/ports'
import type { PairsInput, PairsManifest } from '../../src/core/types'
import { openCachedFolder, type CachedFolder } from '../../src/jobs/cached-folder'
import { compileCheckpoint } from '../../src/jobs/compile-model'
import { createStoreWriter } from '../../src/jobs/compile-model-store'
import { dataFiles } from '../../src/jobs/load-model'

const CHECKPOINT = 'checkpoints/bert-wordpiece'
export type ReadFixture = (path: string) => Promise<Uint8Array>
export const never = new AbortController().signal

export const KINDS = ['choices', 'pairs', 'fixed-choices', 'fixed-pairs'] as const
export type Kind = (typeof KINDS)[number]
const filesOf = (kind: Kind): string[] => (kind === 'pairs' ? ['model.onnx', 'model.onnx.data'] : ['model.onnx'])
/** Tokens of the longest pair that the graph takes. */
export const LONGEST: Record<Kind, number> = { choices: 64, pairs: 64, 'fixed-choices': 64, 'fixed-pairs': 48 }

/** What somebody with such a model drops: the graph and what transformers saved beside it. */
async function onnxSources(kind: Kind, read: ReadFixture): Promise<ByteSource[]> {
  const graph = filesOf(kind).map((name) => [name, `onnx/${kind}/${name}`])
  const beside = ['config.json', 'tokenizer.json', 'tokenizer_config.json'].map((name) => [name, `${CHECKPOINT}/${name}`])
  return Promise.all(
    [...graph, ...beside].map(async ([name, path]) => {
      const bytes = await read(path!)
      return { name: name!, bytes: bytes.length, read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)) }
    }),
  )
}

const nowhere: FileSource = {
  place: 'nowhere',
  readAll: () => Promise.reject(new Error('internal: fetched')),
  readFrom: () => {
    throw new Error('internal: fetched')
  },
}

/** The compiled folder, from its store. */
export async function compileOnnx(kind: Kind, read: ReadFixture): Promise<CachedFolder<PairsManifest>> {
  const store = createMemoryChunkStore()
  const deps = {
    writer: createStoreWriter(store),
    sha256,
    clock: createClock(),
    stems: new TextEncoder().encode('{"passages":1,"stems":{}}'),
  }
  const settings = { id: kind, title: kind, precision: null, maxTokens: null }
  const manifest = await compileCheckpoint(never, kind, await onnxSources(kind, read), settings, deps, () => undefined)
  return openCachedFolder(manifest, { source: nowhere, store, sha256, exclusively: (_signal, _name, work) => work() })
}

/** What a device is asked to open. */
export function requestOf(folder: CachedFolder<PairsManifest>) {
  const { name, precision } = folder.manifest.files[0]!
  return { manifest: folder.manifest, weights: folder.file(name), data: dataFiles(folder), precision: precision! }
}

export interface GoldenItem {
  prompt: string
  context: string | null
  options: string[]
  input_ids: number[][]
  token_type_ids: number[][]
  attention_lengths: number[]
  logits: number[]
  truncated: boolean[]
}

/** The questions of the checkpoint's golden file that the graph can take whole, with the ids that PyTorch was fed. */
export async function goldenItems(read: ReadFixture, kind: Kind): Promise<(GoldenItem & PairsInput)[]> {
  const { items } = JSON.parse(new TextDecoder().decode(await read(`${CHECKPOINT}/golden.json`))) as { items: GoldenItem[] }
  const taken = items.filter(({ attention_lengths }) => Math.max(...attention_lengths) <= LONGEST[kind])
  return taken.map((item) => ({
    ...item,
    layout: 'pairs',
    pairs: item.input_ids.map((ids, c) => {
      const length = item.attention_lengths[c]!
      return { ids: Int32Array.from(ids.slice(0, length)), types: Int32Array.from(item.token_type_ids[c]!.slice(0, length)) }
    }),
  }))
}

/** Largest error of the scorer's logits on the golden questions; NaN where one has none. */
export async function errorOf(scorer: Scorer, items: readonly (GoldenItem & PairsInput)[]): Promise<number> {
  const errors: number[] = []
  const inputs = items.map(({ layout, pairs }): PairsInput => ({ layout, pairs }))
  const missing = new Set(items.keys())
  await scorer.score(never, inputs, (index, logits) => {
    missing.delete(index)
    errors.push(...items[index]!.logits.map((logit, c) => Math.abs(logit - (logits[c] ?? NaN))))
  })
  await scorer.close()
  return missing.size > 0 ? NaN : Math.max(...errors)
}
