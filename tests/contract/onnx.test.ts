// Models that come as .onnx files (tests/fixtures/make_onnx.py), from the files to logits on onnxruntime-node, against PyTorch's of the checkpoint
// that they were exported from. The page's devices do the same in tests/browser/onnx.test.ts.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openOrtNode } from '../../src/adapters/ort/node'
import type { ModelFileReader } from '../../src/core/ports'
import { createEncoder } from '../../src/core/encode'
import { readJson } from '../../src/jobs/cached-folder'
import { buildOnnx, usual } from '../unit/onnx-builder'
import { compileOnnx, errorOf, goldenItems, never, requestOf } from './onnx-models'

const read = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(resolve(import.meta.dirname, '../fixtures', path)))

describe.each(['choices', 'pairs'] as const)('an .onnx file that reads %s', (kind) => {
  it('gives the logits of PyTorch within 1e-4', async () => {
    const scorer = await openOrtNode(never, { ...requestOf(await compileOnnx(kind, read)), device: 'cpu', threads: 1 })
    expect(await errorOf(scorer, await goldenItems(read))).toBeLessThan(1e-4)
  })

  it('is fed what its checkpoint would be', async () => {
    const folder = await compileOnnx(kind, read)
    const [tokenizerJson, frequencies] = [
      await readJson(never, folder.file('tokenizer.json')),
      await readJson(never, folder.file('stems.json')),
    ]
    const encoder = createEncoder({ tokenizerJson, manifest: folder.manifest, frequencies })
    const whole = (await goldenItems(read)).filter(({ truncated }) => !truncated.includes(true))
    expect(whole.length).toBeGreaterThan(5)
    for (const { layout, pairs, ...question } of whole) expect(encoder.encode(question, Infinity).input).toEqual({ layout, pairs })
  })
})

describe('a graph that is not what it says', () => {
  const fileOf = (bytes: Uint8Array): ModelFileReader => ({
    name: 'model.onnx',
    bytes: bytes.length,
    async *stream() {
      await Promise.resolve()
      yield bytes
    },
  })
  it('is refused with the words of onnxruntime where it cannot be loaded', async () => {
    const request = requestOf(await compileOnnx('choices', read))
    const opening = openOrtNode(never, { ...request, weights: fileOf(buildOnnx({ inputs: usual() })), device: 'cpu' })
    await expect(opening).rejects.toThrow(/model\.onnx cannot be read: onnxruntime says: /)
  })
})
