// The engine in Node against PyTorch: tests/fixtures/default/golden.json was made by models/recipe/make_golden.py from the fp16 file of
// models/default (its header names the command and versions). The same checks run in the browser on the build with relaxed SIMD.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { host, openEngine } from '../../src/adapters/engine/node'
import { openEngine as openWith, type EngineRequest, type Host } from '../../src/adapters/engine/open'
import type { Port } from '../../src/adapters/engine/messages'
import { parseManifest } from '../../src/core/manifest'
import type { ModelFileReader, Scorer } from '../../src/core/ports'
import { largestError, readGolden, scoreAll, topOneAgreement } from './engine-golden'

const ROOT = resolve(import.meta.dirname, '../..')
const MODEL = join(ROOT, 'models/default')
const manifest = parseManifest(JSON.parse(readFileSync(join(MODEL, 'model.json'), 'utf8')))
const golden = readGolden(JSON.parse(readFileSync(join(ROOT, 'tests/fixtures/default/golden.json'), 'utf8')))
const none = new AbortController().signal
const opened: Scorer[] = []

function weightsOf(precision: 'fp16' | 'q8'): ModelFileReader {
  const path = join(MODEL, `weights.${precision}.safetensors`)
  return {
    name: `weights.${precision}.safetensors`,
    bytes: statSync(path).size,
    stream: () => createReadStream(path, { highWaterMark: 4 << 20 }) as AsyncIterable<Uint8Array>,
  }
}
function request(precision: 'fp16' | 'q8', more: Partial<EngineRequest> = {}): EngineRequest {
  return { manifest, weights: weightsOf(precision), precision, arithmetic: 'float', workers: 2, build: 'plain', ...more }
}
async function open(engineRequest: EngineRequest, engineHost: Host = host): Promise<Scorer> {
  const scorer = await openWith(engineHost, none, engineRequest)
  opened.push(scorer)
  return scorer
}
afterAll(async () => {
  for (const scorer of opened) await scorer.close()
})

describe('the engine with fp16 weights and float arithmetic', () => {
  it.each([1, 4])('reproduces the logits of PyTorch within 1e-4 with %i workers', async (workers) => {
    const scorer = await open(request('fp16', { workers }))
    expect(largestError(golden, await scoreAll(scorer, golden))).toBeLessThan(1e-4)
  })
})
