// The tiny model (tests/fixtures/tiny, made by models/recipe/make_tiny.py) and an onnxruntime whose session can be made to fail.
import * as ort from 'onnxruntime-node'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { openScorer, type Runtime } from '../../src/adapters/ort/scorer'
import { openSession } from '../../src/adapters/ort/session'
import type { Feeds } from '../../src/core/compile'
import { parseManifest } from '../../src/core/manifest'
import type { ModelFileReader, Scorer } from '../../src/core/ports'
import type { Precision } from '../../src/core/types'
import { readGolden } from './engine-golden'

const FOLDER = resolve(import.meta.dirname, '../fixtures/tiny')
const golden = JSON.parse(readFileSync(`${FOLDER}/golden.json`, 'utf8')) as { items: Record<'logits' | 'q8' | 'q4', number[]>[] }
export const manifest = parseManifest(JSON.parse(readFileSync(`${FOLDER}/model.json`, 'utf8')))
export const items = readGolden(golden)
/** The golden items, with the logits of the file of that precision. */
export const itemsOf = (precision: 'q8' | 'q4') => items.map((item, i) => ({ ...item, logits: golden.items[i]![precision] }))

type Stored = 'fp16' | 'q8' | 'q4'
export const bytesOf = (precision: Stored): Uint8Array => new Uint8Array(readFileSync(`${FOLDER}/weights.${precision}.safetensors`))

export function weightsOf(precision: Stored): ModelFileReader {
  const name = `weights.${precision}.safetensors`
  const bytes = bytesOf(precision)
  return {
    name,
    bytes: bytes.length,
    async *stream() {
      await Promise.resolve()
      for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
    },
  }
}

/** A scorer whose every run asks `fault` first: an Error that it returns is thrown. `sessions` counts those that were opened. */
export async function openFaulty(
  fault: (run: number, tokens: number) => Error | null,
  budget = 2048,
): Promise<{ scorer: Scorer; log: { sessions: number; tokens: number[] } }> {
  const log = { sessions: 0, tokens: [] as number[] }
  const runtime: Runtime = {
    name: 'a faulty device',
    device: 'webgpu',
    budget,
    async open(graph) {
      log.sessions += 1
      const session = await openSession(ort, graph, { logSeverityLevel: 3 })
      return {
        ...session,
        run(feeds: Feeds) {
          const [questions, tokens] = feeds['embeddings']!.shape as [number, number]
          log.tokens.push(questions * tokens)
          const error = fault(log.tokens.length, questions * tokens)
          return error ? Promise.reject(error) : session.run(feeds)
        },
      }
    },
  }
  const precision: Precision = 'fp16'
  return { scorer: await openScorer(new AbortController().signal, { manifest, weights: weightsOf('fp16'), precision }, runtime), log }
}
