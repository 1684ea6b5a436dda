// The Embedder port over transformers.js in Node, on the tiny folder.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openDirectorySource } from '../../src/adapters/node/source'
import { openNodeEmbedder } from '../../src/adapters/transformers/node'
import type { FileSource } from '../../src/core/ports'
import { readEmbedderSettings } from '../../src/jobs/embedder-folder'
import { holdsContract } from './contract'
import { embedderCases, type GoldenVectors, type OpenTiny } from './embedder'

const FOLDER = 'tests/fixtures/embedder'
const signal = new AbortController().signal
const golden = JSON.parse(readFileSync(`${FOLDER}/golden.json`, 'utf8')) as GoldenVectors
const open: OpenTiny = async (pooling) => {
  const source = openDirectorySource(FOLDER)
  return openNodeEmbedder(signal, { source, settings: { ...(await readEmbedderSettings(signal, source)), pooling } })
}

holdsContract('Embedder: transformers.js', embedderCases(golden), () => Promise.resolve(open))

describe('an embedder folder', () => {
  it('says how it wants to be run', async () => {
    expect(await readEmbedderSettings(signal, openDirectorySource(FOLDER))).toEqual({
      pooling: 'mean',
      maxTokens: 64,
      weights: 'onnx/model.onnx',
      files: ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'],
      queryPrefix: 'query: ',
      passagePrefix: 'passage: ',
    })
  })
  it('is refused with what is wrong with it', async () => {
    const whole = openDirectorySource(FOLDER)
    const settings = await readEmbedderSettings(signal, whole)
    const damaged = (file: string): FileSource => ({
      ...whole,
      readAll: (at, name) => (name === file ? Promise.resolve(new TextEncoder().encode('{}')) : whole.readAll(at, name)),
    })
    const codeOf = (work: Promise<unknown>) => work.catch((error: unknown) => (error as { code?: string }).code)
    const tiny = openDirectorySource('tests/fixtures/tiny')
    expect([
      await codeOf(openNodeEmbedder(signal, { source: damaged('onnx/model.onnx'), settings })),
      await codeOf(openNodeEmbedder(signal, { source: damaged('tokenizer.json'), settings })),
      await codeOf(openNodeEmbedder(signal, { source: tiny, settings })),
      await codeOf(readEmbedderSettings(signal, tiny)),
    ]).toEqual(['embedder_failed', 'embedder_failed', 'model_file_missing', 'embedder_file_missing'])
  })
})
