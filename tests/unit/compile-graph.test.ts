import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileModel } from '../../src/core/compile'
import { readSafetensors } from '../../src/core/compile/safetensors'
import type { Manifest } from '../../src/core/types'
import { messages, numbers, strings } from './compile-protobuf'

const TINY = resolve(import.meta.dirname, '../fixtures/tiny')
const manifest = JSON.parse(readFileSync(`${TINY}/model.json`, 'utf8')) as Manifest
const weights = (precision: string): Uint8Array => new Uint8Array(readFileSync(`${TINY}/weights.${precision}.safetensors`))

/** The parts of a written model, by the field numbers of onnx.proto. */
function parse(precision: string) {
  const file = weights(precision)
  const { onnx } = compileModel(manifest, 'w', file)
  const graph = messages(onnx, 7)[0]!
  const nodes = messages(graph, 1).map((node) => ({ type: strings(node, 4)[0]!, inputs: strings(node, 1), outputs: strings(node, 2), domain: strings(node, 7)[0]! })) // prettier-ignore
  const initializers = messages(graph, 5).map((tensor) => {
    const place = Object.fromEntries(messages(tensor, 13).map((entry) => [strings(entry, 1)[0], strings(entry, 2)[0]]))
    return {
      name: strings(tensor, 8)[0]!,
      shape: numbers(tensor, 1),
      type: numbers(tensor, 2)[0]!,
      isExternal: numbers(tensor, 14)[0] === 1,
      place,
    }
  })
  const names = (field: number): string[] => messages(graph, field).map((info) => strings(info, 1)[0]!)
  return { file, nodes, initializers, inputs: names(11), outputs: names(12) }
}

describe.each(['fp16', 'q8', 'q4'])('the graph written for %s weights', (precision) => {
  const { file, nodes, initializers, inputs, outputs } = parse(precision)
  const stored = readSafetensors('w', file, file.length).tensors

  it('points with every stored initializer at the bytes of the tensor of its name', () => {
    const external = initializers.filter(({ isExternal }) => isExternal)
    expect(external.map(({ name, place }) => [name, place])).toEqual(
      external.map(({ name }) => {
        const { offset, bytes } = stored.get(name)!
        return [name, { location: 'w', offset: String(offset), length: String(bytes) }]
      }),
    )
  })
  it('uses every weight except the embeddings, which are looked up outside', () => {
    const isLookedUp = (name: string): boolean => /^deberta\.embeddings\.\w+_embeddings/.test(name)
    const external = initializers.filter(({ isExternal }) => isExternal).map(({ name }) => name)
    expect(external.sort()).toEqual([...stored.keys()].filter((name) => !isLookedUp(name)).sort())
  })
  it('defines every value once, before its first use', () => {
    const known = new Set([...inputs, ...initializers.map(({ name }) => name), ''])
    const early = nodes.flatMap((node) => {
      const unknown = node.inputs.filter((name) => !known.has(name))
      const twice = node.outputs.filter((name) => known.has(name))
      for (const name of node.outputs) known.add(name)
      return [...unknown, ...twice]
    })
    expect({ early, missing: outputs.filter((name) => !known.has(name)) }).toEqual({ early: [], missing: [] })
  })
  it('asks for no more than its feeds give', () => {
    const model = compileModel(manifest, 'w', file)
    const input = {
      layout: 'shared-prefix',
      prefixIds: Int32Array.of(2, 5, 6, 3),
      contextTokens: 1,
      choiceIds: [Int32Array.of(2, 7, 3)],
    } as const
    const feeds = model.feed({ pieces: [{ input: 0, choices: [0] }], prefix: 4, choices: [3] }, [
      { ...input, choiceIds: [...input.choiceIds] },
    ])
    expect(Object.keys(feeds).sort()).toEqual([...inputs].sort())
  })
})

describe('compileModel', () => {
  it.each([
    ['an architecture that it does not know', { architecture: 'xlnet' }, 'architecture is xlnet'],
    [
      'an activation that it does not compute',
      { config: { ...manifest.config, hidden_act: 'mish' } },
      'hidden_act in config.json is "mish"',
    ],
    [
      'heads that do not divide the width',
      { config: { ...manifest.config, num_attention_heads: 5 } },
      'num_attention_heads in config.json is 5',
    ],
    [
      'a config without relative attention',
      { config: { ...manifest.config, relative_attention: false } },
      'relative_attention in config.json is false',
    ],
    [
      'a convolution where choices lie behind each other',
      { config: { ...manifest.config, conv_kernel_size: 3 } },
      'layout is shared-prefix',
    ],
  ])('refuses %s', (_, change, sentence) => {
    expect(() => compileModel({ ...manifest, ...change } as Manifest, 'w', weights('fp16'))).toThrow(sentence)
  })
  it('refuses weights that the config does not describe, naming the first', () => {
    const wider = { ...manifest, config: { ...manifest.config, intermediate_size: 128 } } as Manifest
    expect(() => compileModel(wider, 'w', weights('q8'))).toThrow(
      'deberta.encoder.layer.0.intermediate.dense.bias is [96], the config asks for [128]',
    )
  })
  it('reads position terms as a list and as a text', () => {
    const asText = { ...manifest, config: { ...manifest.config, pos_att_type: 'p2c|c2p' } } as Manifest
    expect(compileModel(asText, 'w', weights('q8')).onnx).toEqual(compileModel(manifest, 'w', weights('q8')).onnx)
  })
})
