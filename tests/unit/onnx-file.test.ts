// What an .onnx file says of itself, what is made of it, and what is refused: by name, before any work.
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ByteSource } from '../../src/core/checkpoint'
import { AppError } from '../../src/core/errors'
import { openOnnxModel, readOnnx } from '../../src/core/onnx-file'
import { fixtureJson, jsonSource, memorySource } from './checkpoint-source'
import { all, messages, numbers, strings } from './compile-protobuf'
import { buildOnnx, INT64, usual, type Parts } from './onnx-builder'

const BERT = 'bert-wordpiece'
const tokenizer = jsonSource('tokenizer.json', fixtureJson(`${BERT}/tokenizer.json`))
const config = fixtureJson(`${BERT}/config.json`)
const fixture = (path: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../fixtures/onnx/${path}`, import.meta.url)))
const read = (bytes: Uint8Array) => readOnnx(memorySource('model.onnx', bytes))
const graphOf = (parts: Parts, ...others: ByteSource[]) =>
  openOnnxModel('here', [memorySource('model.onnx', buildOnnx(parts)), tokenizer, ...others])
const messageOf = (...sources: ByteSource[]): Promise<string> => openOnnxModel('here', sources).then(() => 'opened', String)

describe('an .onnx file', () => {
  it.each(['choices/model.onnx', 'pairs/model.onnx'])('is read as its messages say (%s)', async (path) => {
    const bytes = fixture(path)
    const graph = messages(bytes, 7)[0]!
    const nameOf = (value: Uint8Array): string => strings(value, 1)[0]!
    const tensors = messages(graph, 5)
    const places = tensors.flatMap((tensor) => {
      const entries = new Map(messages(tensor, 13).map((entry) => [strings(entry, 1)[0]!, strings(entry, 2)[0]!]))
      return entries.size > 0 ? [[entries.get('location')!, Number(entries.get('offset')) + Number(entries.get('length'))] as const] : []
    })
    const ends = new Map<string, number>()
    for (const [place, end] of places) ends.set(place, Math.max(end, ends.get(place) ?? 0))
    const file = await read(bytes)
    expect({ ...file, inputs: file.inputs.map(({ name }) => name), outputs: file.outputs.map(({ name }) => name) }).toEqual({
      irVersion: numbers(bytes, 1)[0],
      opset: numbers(messages(bytes, 8)[0]!, 2)[0],
      inputs: messages(graph, 11).map(nameOf),
      outputs: messages(graph, 12).map(nameOf),
      precision: 'fp32',
      data: ends,
    })
    expect(all(graph, 1).length).toBeGreaterThan(50)
  })

  it('tells weights that it lists among the inputs from inputs', async () => {
    const weight = { name: 'w', type: 1, dims: [2], bytes: new Uint8Array(8) }
    const { inputs } = await read(buildOnnx({ inputs: [...usual(), { name: 'w', type: 1, shape: [2] }], tensors: [weight] }))
    expect(inputs.map(({ name }) => name)).toEqual(['input_ids', 'attention_mask'])
  })

  it.each([
    [
      'fp32',
      [
        [1, 100],
        [10, 99],
      ],
      [],
    ],
    [
      'fp16',
      [
        [10, 300],
        [1, 100],
      ],
      [],
    ],
    [
      'q8',
      [
        [3, 300],
        [1, 40],
      ],
      [],
    ],
    [
      'q4',
      [
        [22, 300],
        [1, 10],
      ],
      [],
    ],
    [
      'q4',
      [
        [2, 300],
        [1, 10],
      ],
      [['MatMulNBits', 'bits', 4]],
    ],
    [
      'q8',
      [
        [2, 300],
        [1, 10],
      ],
      [['MatMulNBits', 'bits', 8]],
    ],
    ['fp32', [[7, 300]], []],
  ] as [string, [number, number][], [string, string, number][]][])(
    'of mostly %s weights is called so (%j)',
    async (precision, kinds, nodes) => {
      const tensors = kinds.map(([type, count], i) => ({ name: `w${i}`, type, dims: [count] }))
      expect((await read(buildOnnx({ tensors, nodes }))).precision).toBe(precision)
    },
  )

  it('is not copied to be read', async () => {
    const parts = { tensors: [{ name: 'w', type: 1, dims: [5_000_000], bytes: new Uint8Array(20_000_000) }] }
    const bytes = buildOnnx(parts)
    let copied = 0
    await readOnnx({
      name: 'model.onnx',
      bytes: bytes.length,
      read(offset, length) {
        copied += length
        return Promise.resolve(bytes.slice(offset, offset + length))
      },
    })
    expect(copied).toBeLessThan(1_000_000)
  })

  it('that is damaged in any way is refused or read', async () => {
    const whole = fixture('pairs/model.onnx')
    const byte = fc.integer({ min: 0, max: 255 })
    const changes = fc.array(fc.tuple(fc.integer({ min: 0, max: whole.length - 1 }), byte), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(changes, fc.integer({ min: 0, max: 2 * whole.length }), async (list, end) => {
        const bytes = whole.slice(0, end)
        for (const [at, value] of list) if (at < bytes.length) bytes[at] = value
        expect(await outcome(bytes)).toMatch(/^(opened|checkpoint_damaged|checkpoint_file_missing|checkpoint_ambiguous|model_unsupported)$/)
      }),
      { numRuns: 300 },
    )
  })

  it('of any bytes is refused or read', async () => {
    const field = fc.constantFrom(...buildOnnx({ tensors: [{ name: 'w', type: 1, dims: [1], external: { location: 'x', offset: '1' } }] }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(field, fc.integer({ min: 0, max: 255 })), { maxLength: 200 }), async (list) => {
        expect(await outcome(Uint8Array.from(list))).toMatch(
          /^(opened|checkpoint_damaged|checkpoint_file_missing|checkpoint_ambiguous|model_unsupported)$/,
        )
      }),
      { numRuns: 1000 },
    )
  })
})

async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    await openOnnxModel('here', [memorySource('model.onnx', bytes), memorySource('model.onnx.data', new Uint8Array(155136)), tokenizer])
    return 'opened'
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(error.message).not.toMatch(/\{\w+\}|undefined|\[object/)
    return error.code
  }
}

describe('a graph that is fed as it is', () => {
  const files = { choices: ['model.onnx'], pairs: ['model.onnx', 'model.onnx.data'] }
  it.each([
    ['choices', 3],
    ['pairs', 2],
  ] as const)('is described by its file (%s)', async (kind, rank) => {
    const sources = files[kind].map((name) => memorySource(name, fixture(`${kind}/${name}`)))
    const model = await openOnnxModel('here', [...sources, tokenizer, jsonSource('config.json', config)])
    expect(model!.graph).toEqual({
      inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => ({ name, type: 'int64' })),
      rank,
      output: 'logits',
      padId: 0,
      data: files[kind].slice(1),
    })
    expect(model!.mostTokens).toBe(64)
  })

  it.each([
    ['positions that are counted', { ...config, model_type: 'bert' }, 64],
    [
      'positions that begin behind the padding id',
      { model_type: 'roberta', max_position_embeddings: 514, pad_token_id: 1, vocab_size: 600 },
      512,
    ],
    ['positions that are relative', { model_type: 'deberta-v2', position_biased_input: false, max_position_embeddings: 512 }, null],
    ['no word of positions', {}, null],
  ])('reads as many tokens as its config allows: %s', async (_, fields, most) => {
    expect((await graphOf({}, jsonSource('config.json', fields)))!.mostTokens).toBe(most)
  })

  it.each([
    [[1, 5, 256], { batch: 1, choices: 5, sequence: 256 }, 256],
    [[1, 'choices', 'sequence'], { batch: 1 }, null],
    [['batch', 4, 'sequence'], { choices: 4 }, null],
    [['batch', 128], { sequence: 128 }, 128],
  ])('may have axes of one size, to which its tokens are held: %j', async (axes, fixed, most) => {
    const model = await graphOf({ inputs: usual(axes) }, jsonSource('tokenizer_config.json', { model_max_length: 512 }))
    expect([model!.graph.fixed, model!.mostTokens, model!.usualTokens]).toEqual([fixed, most, most ?? 512])
  })

  it('holds for every input what one of them says', async () => {
    const inputs = [usual(['batch', 'sequence'])[0]!, usual([1, 64])[1]!]
    expect((await graphOf({ inputs }))!.graph.fixed).toEqual({ batch: 1, sequence: 64 })
  })

  it('may have one output of another name, and axes of the output that the exporter took for fixed', async () => {
    const outputs = [{ name: 'output_0', type: 10, shape: [2, 3] }]
    expect((await graphOf({ outputs }))!.graph).toMatchObject({ rank: 3, output: 'output_0' })
  })

  it('fills up with the token that its files name', async () => {
    const [byConfig, bySettings, byName] = await Promise.all([
      graphOf({}, jsonSource('config.json', { pad_token_id: 7 })),
      graphOf({}, jsonSource('tokenizer_config.json', { pad_token: { content: '[SEP]' } })),
      graphOf({}),
    ])
    expect([byConfig, bySettings, byName].map((model) => model!.graph.padId)).toEqual([7, 3, 0])
  })

  const two = ['batch', 'sequence']
  const labels = (shape: (number | string)[], type = 1) => [{ name: 'logits', type, shape }]
  it.each([
    ['of no ONNX', memorySource('model.onnx', new TextEncoder().encode('<html>')), 'model.onnx cannot be read'],
    ['of an old opset', { opsets: [['', 6]] }, 'the opset of model.onnx is 6. Pagewise knows 7 and newer.'],
    ['without a mask', { inputs: [usual()[0]!] }, 'the input attention_mask of model.onnx is missing'],
    [
      'with an unknown input',
      { inputs: [...usual(), { name: 'pixel_values', type: 1, shape: ['n', 3] }] },
      'the input pixel_values of model.onnx is float32 [n, 3]',
    ],
    [
      'with floats for ids',
      { inputs: [{ name: 'input_ids', type: 1, shape: two }, usual(two)[1]!] },
      'the input input_ids of model.onnx is float32 [batch, sequence]',
    ],
    [
      'of too few tokens',
      { inputs: usual(['batch', 8]) },
      'the input input_ids of model.onnx is int64 [batch, 8]. Pagewise knows sequences of 16',
    ],
    ['of far too many tokens', { inputs: usual([512, 5, 512]) }, 'is int64 [512, 5, 512]. Pagewise knows up to 65536 tokens at once.'],
    ['with an axis of nothing', { inputs: usual([0, 64]) }, 'is int64 [0, 64]. Pagewise knows axes of 1 and more.'],
    [
      'with inputs of two lengths',
      { inputs: [usual([1, 64])[0]!, usual([1, 32])[1]!] },
      'the input attention_mask of model.onnx is int64 [1, 32]. Pagewise knows a sequence of 64, as the inputs before it have.',
    ],
    ['with one axis', { inputs: usual(['sequence']) }, 'is int64 [sequence]'],
    [
      'with inputs of unlike shapes',
      { inputs: [usual(two)[0]!, usual()[1]!] },
      'the input attention_mask of model.onnx is int64 [batch, choices, sequence]. Pagewise knows 2 axes',
    ],
    [
      'with positions of an unknown kind',
      { inputs: [...usual(), { ...usual()[0]!, name: 'position_ids' }] },
      'the input position_ids of model.onnx is int64 [batch, choices, sequence]. Pagewise knows positions of bert, deberta-v2, electra',
    ],
    ['with several outputs, none called logits', { outputs: [{ name: 'a' }, { name: 'b' }] }, 'the output of model.onnx is a, b'],
    [
      'of three labels',
      { inputs: usual(two), outputs: labels(['batch', 3]) },
      'the output logits of model.onnx is float32 [batch, 3]. Pagewise knows [batch, 1] and [batch].',
    ],
    ['of a label for each token', { outputs: labels(['batch', 'sequence', 2]) }, 'Pagewise knows [batch, choices]'],
    [
      'of logits that are no floats',
      { outputs: labels(['batch', 'choices'], INT64) },
      'the output logits of model.onnx is int64 [batch, choices]',
    ],
    [
      'with weights somewhere else',
      { tensors: [{ name: 'w', type: 1, dims: [1], external: { location: '../w' } }] },
      'the place of weights in model.onnx is ../w. Pagewise knows files beside it.',
    ],
    [
      'with weights that would be our own file',
      { tensors: [{ name: 'w', type: 1, dims: [1], external: { location: 'model.json' } }] },
      'the place of weights in model.onnx is model.json',
    ],
    [
      'without the file of its weights',
      { tensors: [{ name: 'w', type: 1, dims: [1], external: { location: 'w.data' } }] },
      'There is no w.data in here',
    ],
  ] as [string, Parts | ByteSource, string][])('is refused by name: %s', async (_, parts, message) => {
    const source = 'read' in parts ? parts : memorySource('model.onnx', buildOnnx(parts))
    expect(await messageOf(source, tokenizer)).toContain(message)
  })

  it('is refused where the file of its weights is too short', async () => {
    const external = { location: 'w.data', offset: '8', length: '4' }
    const onnx = memorySource('model.onnx', buildOnnx({ tensors: [{ name: 'w', type: 1, dims: [1], external }] }))
    expect(await messageOf(onnx, tokenizer, memorySource('w.data', new Uint8Array(11)))).toContain(
      'w.data cannot be read: it has 11 bytes, model.onnx asks for 12',
    )
  })

  it('is refused where the tokenizer has more tokens than the model', async () => {
    expect(await messageOf(memorySource('model.onnx', buildOnnx()), tokenizer, jsonSource('config.json', { vocab_size: 100 }))).toContain(
      'it has 574 tokens, the model 100',
    )
  })

  it('is refused without its tokenizer', async () => {
    expect(await messageOf(memorySource('model.onnx', buildOnnx()))).toContain('There is no tokenizer.json in here')
  })
})

describe('which file is the graph', () => {
  const onnx = (name: string) => memorySource(name, buildOnnx())
  const opened = (...sources: ByteSource[]): Promise<string | null> =>
    openOnnxModel('here', sources).then((model) => model && model.files[0]!.source.name, String)

  it.each([
    ['the only one', ['a.onnx', 'tokenizer.json'], 'a.onnx'],
    ['model.onnx of several', ['model_q4.onnx', 'model.onnx', 'tokenizer.json'], 'model.onnx'],
    ['the one in onnx/, with the tokenizer above', ['me/onnx/model.onnx', 'me/tokenizer.json', 'me/config.json'], 'me/onnx/model.onnx'],
    ['none where there are weights', ['model.onnx', 'model.safetensors', 'tokenizer.json'], null],
    ['none where there is none', ['tokenizer.json'], null],
  ])('%s', async (_, names, expected) => {
    const sources = names.map((name) =>
      name.endsWith('tokenizer.json') ? { ...tokenizer, name } : name.endsWith('.json') ? jsonSource(name, config) : onnx(name),
    )
    expect(await opened(...sources)).toBe(expected)
  })

  it('is asked where nothing tells', async () => {
    expect(await opened(onnx('a.onnx'), onnx('b.onnx'), tokenizer)).toContain('There is more than one .onnx file in here: a.onnx, b.onnx.')
  })
})
