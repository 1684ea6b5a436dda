// The graph in half precision, on paper: that every operator gets numbers of one type, and which operators keep 32 bits. That it computes the same
// is tested in tests/contract/ort-halves.test.ts.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/core/checkpoint'
import { writeModel } from '../../src/core/compile'
import type { Graph, Value } from '../../src/core/compile/graph'
import { computeInHalves } from '../../src/core/compile/halves'
import { DATA_TYPE, type Node } from '../../src/core/compile/onnx-messages'
import { readSafetensors } from '../../src/core/compile/safetensors'
import type { Manifest } from '../../src/core/types'
import { checkpointManifest } from '../contract/engine-checkpoints'
import { OPTION_MODELS, optionManifest, optionWeights } from '../contract/option-models'
import { weightsIn } from '../contract/weights-in'
import { FOLDERS, fixtureJson, fixtureSources } from './checkpoint-source'

const TINY = resolve(import.meta.dirname, '../fixtures/tiny')
const FLOAT = DATA_TYPE.float32
const HALF = DATA_TYPE.float16

interface Model {
  name: string
  manifest: Manifest
  weights: Uint8Array
}
const models: Model[] = [
  {
    name: 'the embedded architecture',
    manifest: JSON.parse(readFileSync(`${TINY}/model.json`, 'utf8')) as Manifest,
    weights: new Uint8Array(readFileSync(`${TINY}/weights.fp16.safetensors`)),
  },
  ...Object.entries(OPTION_MODELS).map(([name, model]) => ({ name, manifest: optionManifest(model), weights: optionWeights(model) })),
]
for (const name of FOLDERS) {
  const { weights } = await openCheckpoint('a test', fixtureSources(name))
  const manifest = checkpointManifest(fixtureJson(`${name}/config.json`), fixtureJson(`${name}/golden.json`))
  models.push({ name, manifest, weights: await weightsIn(weights, 'fp16') })
}

function write({ manifest, weights }: Model): { graph: Graph; full: Node[]; encoderEnd: number } {
  const { graph, encoderEnd } = writeModel(manifest, readSafetensors('w', weights, weights.length))
  const full = [...graph.nodes]
  computeInHalves(graph, encoderEnd)
  return { graph, full, encoderEnd }
}

/** Inputs of the graph that are no numbers to compute with. */
const INDICES = /^(read|first|buckets|bucket_from|bucket_to|keys_.*|global_rows|source_rows)$/

/** The type of every value, and the operators that get numbers of several types where ONNX wants one. */
function typesOf(graph: Graph): { types: Map<Value, number>; mixed: string[] } {
  const types = new Map<Value, number>([...graph.initializers].map(([name, { type }]) => [name, type]))
  const typeOf = (value: Value): number => types.get(value) ?? (INDICES.test(value) ? DATA_TYPE.int32 : FLOAT)
  const mixed: string[] = []
  for (const { type, inputs, outputs, attributes } of graph.nodes) {
    const given = inputs.filter((value) => value !== '').map(typeOf)
    const numbers = given.filter((one) => one === FLOAT || one === HALF)
    if (new Set(numbers).size > 1) mixed.push(`${type}: ${inputs.join(', ')}`)
    for (const value of outputs)
      types.set(value, type === 'Cast' ? Number(attributes['to']) : type === 'Shape' ? DATA_TYPE.int64 : given[0]!)
  }
  return { types, mixed }
}

describe.each(models)('half precision: $name', (model) => {
  const { graph, full, encoderEnd } = write(model)
  const { types, mixed } = typesOf(graph)
  const isHalf = ({ inputs }: Node): boolean => inputs.some((value) => types.get(value) === HALF)

  it('gives every operator numbers of one type', () => {
    expect(mixed).toEqual([])
  })
  it('multiplies in 16 bits whatever in the encoder depends on the question, and nothing else', () => {
    const known = new Set(graph.initializers.keys())
    const products = full.filter(({ type, inputs, outputs }) => {
      if (inputs.every((value) => value === '' || known.has(value))) outputs.forEach((value) => known.add(value))
      return type === 'Gemm' || type === 'MatMul'
    })
    const expected = products.filter((node) => full.indexOf(node) < encoderEnd && !known.has(node.outputs[0]!))
    const computed = graph.nodes.filter((node) => (node.type === 'Gemm' || node.type === 'MatMul') && isHalf(node))
    expect(computed.map(({ outputs }) => outputs[0])).toEqual(expected.map(({ outputs }) => outputs[0]))
  })
  it('keeps norms, softmax and masks in 32 bits', () => {
    const kept = new Set(['LayerNormalization', 'SkipLayerNormalization', 'SimplifiedLayerNormalization', 'Softmax', 'ReduceMax', 'Conv'])
    const masks = graph.nodes.filter(({ type, inputs }) => type === 'Add' && inputs.some((value) => /mask|bias_/.test(value)))
    expect([...graph.nodes.filter(({ type }) => kept.has(type)), ...masks].filter(isHalf)).toEqual([])
  })
  it('gives logits in 32 bits', () => {
    expect(types.get('logits')).toBe(FLOAT)
  })
  it('computes nothing twice, and nothing that nobody reads', () => {
    const given = graph.nodes.flatMap(({ outputs }) => outputs)
    const read = new Set([...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs])
    expect({ twice: given.length - new Set(given).size, unread: given.filter((value) => !read.has(value)) }).toEqual({
      twice: 0,
      unread: [],
    })
  })
  it('reads a matrix that is stored in 16 bits as it is', () => {
    const widened = graph.nodes.filter(
      ({ type, inputs }) => type === 'Cast' && /encoder.*(dense|query|key|value|_proj|\.[qkvo])\.weight$/.test(inputs[0]!),
    )
    // Positions are projected once, in 32 bits, with weights of their own or with those of the content.
    const once = /pos_|query_proj|key_proj/
    const isStored = (value: Value): boolean => graph.initializers.get(value)?.type === HALF
    expect(widened.map(({ inputs }) => inputs[0]!).filter((value) => isStored(value) && !once.test(value))).toEqual([])
  })
})
