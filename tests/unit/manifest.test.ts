import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/errors'
import { parseManifest, weightFile } from '../../src/core/manifest'

const served = (): Record<string, unknown> => JSON.parse(readFileSync('models/default/model.json', 'utf8')) as Record<string, unknown>

describe('model.json', () => {
  it('of the embedded model is accepted', () => {
    expect(parseManifest(served()).id).toBe('default')
  })
  it('names the field and the value that it cannot use', () => {
    expect(() => parseManifest({ ...served(), architecture: 'gpt2' })).toThrow('architecture is "gpt2"')
    expect(() => parseManifest({ ...served(), maxTokens: { prefix: 0, choice: 96 } })).toThrow('maxTokens.prefix is 0')
    expect(() => parseManifest({ ...served(), format: 'pagewise-model/9' })).toThrow('pagewise-model/1')
  })
  it('computes fp32 from the fp16 file', () => {
    expect(weightFile(parseManifest(served()), 'fp32').name).toBe('weights.fp16.safetensors')
  })
  it('says which precisions there are when one is missing', () => {
    const manifest = parseManifest(served())
    manifest.files = manifest.files.filter((file) => file.precision !== 'q4')
    expect(() => weightFile(manifest, 'q4')).toThrow('It has q8, fp16')
  })
  it('with any one field damaged is refused with a sentence or accepted, never a crash', () => {
    const fields = Object.keys(served())
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
        try {
          parseManifest({ ...served(), [field]: value })
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
        }
      }),
    )
  })

  const graph = { inputs: [{ name: 'input_ids', type: 'int64' }], rank: 3, output: 'logits', padId: 0, data: [] }
  const plain = (changes: object): unknown => ({
    ...served(),
    architecture: 'onnx',
    layout: 'pairs',
    maxTokens: { pair: 64 },
    graph: { ...graph, ...changes },
  })
  it('of an .onnx file is accepted', () => {
    expect(parseManifest(plain({})).architecture).toBe('onnx')
  })
  it.each([
    [{ inputs: [{ name: 'pixels', type: 'int64' }] }, 'graph.inputs[0].name is "pixels"'],
    [{ inputs: [{ name: 'input_ids', type: 'float32' }] }, 'graph.inputs[0].type is "float32"'],
    [{ inputs: 1 }, 'graph.inputs is 1'],
    [{ rank: 4 }, 'graph.rank is 4'],
    [{ output: '' }, 'graph.output is ""'],
    [{ padId: -1 }, 'graph.padId is -1'],
    [{ data: [3] }, 'graph.data[0] is 3'],
  ])('of an .onnx file names what it cannot use: %j', (changes, message) => {
    expect(() => parseManifest(plain(changes))).toThrow(message)
  })
  it('has a graph where it is of an .onnx file, and nowhere else', () => {
    expect(() => parseManifest({ ...(plain({}) as object), graph: undefined })).toThrow('graph is missing')
    expect(() => parseManifest({ ...served(), graph })).toThrow('It belongs to models of architecture onnx')
    expect(() => parseManifest({ ...(plain({}) as object), layout: 'shared-prefix', maxTokens: { prefix: 1, choice: 1 } })).toThrow(
      'layout',
    )
  })
})
