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
import type { ModelInput } from '../../src/core/types'
import { compileOnnx, errorOf, goldenItems, KINDS, LONGEST, never, requestOf, type Kind } from './onnx-models'

const read = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(resolve(import.meta.dirname, '../fixtures', path)))

describe.each(KINDS)('an .onnx file that reads %s', (kind) => {
  it('gives the logits of PyTorch within 1e-4', async () => {
    const scorer = await openOrtNode(never, { ...requestOf(await compileOnnx(kind, read)), device: 'cpu', threads: 1 })
    const items = await goldenItems(read, kind)
    expect(items.length).toBeGreaterThan(9)
    expect(await errorOf(scorer, items)).toBeLessThan(1e-4)
  })

  it('is fed what its checkpoint would be', async () => {
    const folder = await compileOnnx(kind, read)
    const [tokenizerJson, frequencies] = [
      await readJson(never, folder.file('tokenizer.json')),
      await readJson(never, folder.file('stems.json')),
    ]
    const encoder = createEncoder({ tokenizerJson, manifest: folder.manifest, frequencies })
    const whole = (await goldenItems(read, kind)).filter(({ truncated }) => !truncated.includes(true))
    expect(whole.length).toBeGreaterThan(5)
    for (const { layout, pairs, ...question } of whole) expect(encoder.encode(question, Infinity).input).toEqual({ layout, pairs })
  })
})

describe('an .onnx file of one length', () => {
  it('answers a longer question as a free one answers what is left of it', async () => {
    const folder = await compileOnnx('fixed-pairs', read)
    const tokenizerJson = await readJson(never, folder.file('tokenizer.json'))
    const frequencies = await readJson(never, folder.file('stems.json'))
    const encoder = createEncoder({ tokenizerJson, manifest: folder.manifest, frequencies })
    const asked = (await goldenItems(read, 'pairs')).map((question) => encoder.encode(question, Infinity).input)
    const lengths = asked.flatMap((input) => (input.layout === 'pairs' ? input.pairs.map(({ ids }) => ids.length) : []))
    expect(Math.max(...lengths)).toBe(LONGEST['fixed-pairs'])
    const [fixed, free] = [await logitsOf('fixed-pairs', asked), await logitsOf('pairs', asked)]
    expect(fixed.length).toBe(lengths.length)
    expect(Math.max(...fixed.map((logit, i) => Math.abs(logit - free[i]!)))).toBeLessThan(1e-5)
  })
})

async function logitsOf(kind: Kind, inputs: readonly ModelInput[]): Promise<number[]> {
  const scorer = await openOrtNode(never, { ...requestOf(await compileOnnx(kind, read)), device: 'cpu', threads: 1 })
  const logits: number[][] = []
  await scorer.score(never, inputs, (index, given) => (logits[index] = [...given]))
  await scorer.close()
  return logits.flat()
}

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
