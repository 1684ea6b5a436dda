// Checkpoints that are cut, changed or made to harm: each gives a sentence that names what is wrong, or opens; never a crash or a hang.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openCheckpoint, type ByteSource } from '../../src/core/checkpoint'
import { readTensorPickle } from '../../src/core/checkpoint/pickle'
import { elementsOf, readFloats } from '../../src/core/checkpoint/tensor-source'
import { createTokenizer } from '../../src/core/encode/tokenizer'
import { AppError } from '../../src/core/errors'
import { FOLDERS, fixtureBytes, fixtureJson, fixtureSources, jsonSource, memorySource } from './checkpoint-source'

const BERT = 'bert-wordpiece'
const safetensors = fixtureBytes(`${BERT}/model.safetensors`)
const torch = fixtureBytes(`${BERT}/pytorch_model.bin`)
const others = fixtureSources(BERT, ['model.safetensors', 'pytorch_model.bin'])
/** What a sentence must not hold. */
const UNFILLED = /\{\w+\}|undefined|\[object/
const REFUSALS = [
  'checkpoint_damaged',
  'checkpoint_mismatch',
  'checkpoint_pickle',
  'checkpoint_file_missing',
  'model_unsupported',
  'tokenizer_damaged',
]

/** "opened" or the code of the refusal; anything else is thrown. */
async function outcome(...sources: ByteSource[]): Promise<string> {
  try {
    const { weights } = await openCheckpoint('here', sources)
    for (const { expected, source } of weights) await readFloats(source, 0, elementsOf(expected.shape))
    return 'opened'
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(error.message).not.toMatch(UNFILLED)
    return error.code
  }
}
const messageOf = (source: ByteSource): Promise<string> => openCheckpoint('here', [...others, source]).then(() => 'opened', String)

/** A file with bytes replaced, mostly where it is described, and perhaps cut. */
function broken(bytes: Uint8Array, described: readonly [number, number]): fc.Arbitrary<Uint8Array> {
  const place = fc.oneof(fc.integer({ min: described[0], max: described[1] - 1 }), fc.integer({ min: 0, max: bytes.length - 1 }))
  const changes = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 0, maxLength: 4 })
  const end = fc.oneof(fc.constant(bytes.length), fc.integer({ min: 0, max: bytes.length }))
  return fc.tuple(changes, end).map(([list, length]) => {
    const changed = bytes.slice(0, length)
    for (const [at, value] of list) changed[at] = value
    return changed
  })
}

describe('safetensors', () => {
  const headerEnd = 8 + new DataView(safetensors.buffer).getUint32(0, true)

  it('that are damaged in any way are refused or read', async () => {
    await fc.assert(
      fc.asyncProperty(broken(safetensors, [0, headerEnd]), async (bytes) => {
        expect(['opened', ...REFUSALS]).toContain(await outcome(...others, memorySource('model.safetensors', bytes)))
      }),
      { numRuns: 300 },
    )
  })

  const withHeader = (change: (header: Record<string, Entry>) => void): ByteSource => {
    const header = JSON.parse(new TextDecoder().decode(safetensors.subarray(8, headerEnd))) as Record<string, Entry>
    change(header)
    const text = new TextEncoder().encode(JSON.stringify(header))
    const bytes = new Uint8Array(8 + text.length + safetensors.length - headerEnd)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
    bytes.set(text, 8)
    bytes.set(safetensors.subarray(headerEnd), 8 + text.length)
    return memorySource('model.safetensors', bytes)
  }
  const name = 'bert.embeddings.LayerNorm.bias'
  it.each([
    [
      'a header longer than the file',
      memorySource('model.safetensors', Uint8Array.of(255, 255, 255, 0, 0, 0, 0, 0, 123)),
      'its header claims 16777215 bytes',
    ],
    [
      'a header without end',
      memorySource('model.safetensors', new Uint8Array(8).fill(255)),
      'its header claims 18446744073709552000 bytes',
    ],
    ['no header', memorySource('model.safetensors', new Uint8Array(3)), 'it has 3 bytes, fewer than a header'],
    ['an unknown type', withHeader((h) => (h[name]!.dtype = 'F8_E4M3')), `${name} has the unknown type F8_E4M3`],
    ['a type of other size', withHeader((h) => (h[name]!.dtype = 'F16')), `${name} spans 128 bytes, its shape needs 64`],
    [
      'offsets that overlap',
      withHeader((h) => (h['bert.embeddings.LayerNorm.weight']!.data_offsets = [64, 192])),
      'overlaps the tensor before it',
    ],
    ['offsets beyond the file', withHeader((h) => (h[name]!.data_offsets = [2 ** 40, 2 ** 40 + 128])), 'there is a hole before'],
    ['a negative shape', withHeader((h) => (h[name]!.shape = [-32])), `${name} has no usable shape`],
  ])('with %s are refused by name', async (_, source, message) => {
    expect(await messageOf(source)).toContain(message)
  })
})
interface Entry {
  dtype: string
  shape: number[]
  data_offsets: number[]
}

describe('pytorch_model.bin', () => {
  const text = new TextDecoder('latin1').decode(torch)
  const pickle = text.indexOf('data.pkl')
  const directory = text.indexOf('PK\u0001\u0002')

  it.each([
    ['its list of tensors', [pickle, pickle + 7500] as const],
    ['its directory', [directory, torch.length] as const],
  ])('damaged in %s is refused or read', async (_, described) => {
    await fc.assert(
      fc.asyncProperty(broken(torch, described), async (bytes) => {
        expect(['opened', ...REFUSALS]).toContain(await outcome(...others, memorySource('pytorch_model.bin', bytes)))
      }),
      { numRuns: 200 },
    )
  })

  it('made before PyTorch 1.6 is refused', async () => {
    expect(await messageOf(memorySource('pytorch_model.bin', Uint8Array.of(0x80, 2, 0x8a, 10)))).toContain(
      'not a zip file, which PyTorch writes since 1.6',
    )
  })
})

describe('a pickle', () => {
  const bytes = (...parts: (string | number[])[]): Uint8Array =>
    Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? Array.from(part, (c) => c.charCodeAt(0)) : part)))
  const read = (...parts: (string | number[])[]): string => {
    try {
      return JSON.stringify([...readTensorPickle('x.bin', bytes(...parts))])
    } catch (error) {
      if (error instanceof AppError) return error.message
      throw error
    }
  }

  it.each([
    ['calls a function of the system', ['\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.'], 'the Python name posix.system'],
    [
      'evaluates',
      ['\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.'.replace('\x80\x04', '\x80\x04')],
      'the Python name builtins.eval',
    ],
    ['makes an object (opcode NEWOBJ)', ['\x80\x02ccollections\nOrderedDict\n)\x81.'], 'the pickle opcode 0x81 at byte 28'],
    ['makes an instance (opcode INST)', ['(iposix\nsystem\n.'], 'the pickle opcode 0x69 at byte 1'],
    ['calls what it knows in another way', ['\x80\x02ccollections\nOrderedDict\n(K\x01tR.'], 'a call of collections OrderedDict'],
    ['calls a number', ['\x80\x02K\x01)R.'], 'a call of no function'],
    ['holds a number', ['\x80\x02}X\x01\x00\x00\x00aK\x01s.'], '“a”, which is no tensor'],
    ['is no dictionary', ['\x80\x02K\x01.'], 'something other than a dictionary'],
    ['takes from an empty stack', ['\x80\x02R.'], 'cut short or damaged'],
    ['has no end', ['\x80\x02}'], 'cut short or damaged'],
    ['remembers nothing', ['\x80\x02h\x05.'], 'cut short or damaged'],
  ])('that %s is refused by name', (_, parts, message) => {
    expect(read(...parts)).toContain(message)
  })

  it('that holds itself is no endless loop', () => {
    expect(read('\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.')).toContain('“a”, which is no tensor')
  })

  it('of any bytes gives a sentence or tensors', () => {
    const opcodes = fc.constantFrom(
      ...Array.from('\x80\x95(N\x88\x89KMJ\x8aGX\x8c}])\x85\x86\x87tqr\x94hjsuc\x93QRb.', (c) => c.charCodeAt(0)),
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(opcodes, fc.integer({ min: 0, max: 255 })), { maxLength: 60 }), (list) => {
        expect(typeof read(list)).toBe('string')
      }),
      { numRuns: 3000 },
    )
  })
})

describe('config.json and the other JSON files', () => {
  const config = fixtureJson(`${BERT}/config.json`)
  const weights = memorySource('model.safetensors', safetensors)

  it('with any field replaced or missing are refused or read', async () => {
    const value = fc.oneof(fc.constant(undefined), fc.anything(), fc.integer(), fc.constantFrom(0, -1, 1e9, '32', null, [], {}))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(config)), value, async (field, changed) => {
        fc.pre(!UNFILLED.test(JSON.stringify(changed) ?? '')) // a sentence shows the value, which may hold such a thing itself
        const files = others.filter(({ name }) => name !== 'config.json')
        expect(['opened', ...REFUSALS]).toContain(
          await outcome(...files, weights, jsonSource('config.json', { ...config, [field]: changed })),
        )
      }),
      { numRuns: 300 },
    )
  })

  it.each(['config.json', 'tokenizer.json', 'tokenizer_config.json'])('that are no JSON are named (%s)', async (file) => {
    for (const content of ['', '{"a": ', '[]', 'null', '\u0000']) {
      const files = others.filter(({ name }) => name !== file)
      expect(REFUSALS).toContain(await outcome(...files, weights, memorySource(file, new TextEncoder().encode(content))))
    }
  })

  it('of shards that do not say where tensors are, are named', async () => {
    const files = [
      ...fixtureSources('deberta-v3-unigram/sharded', ['model.safetensors.index.json']),
      ...fixtureSources('deberta-v3-unigram', ['config.json', 'model.safetensors']),
    ]
    const index = (weight_map: unknown): ByteSource => jsonSource('model.safetensors.index.json', { weight_map })
    const results = [
      {},
      null,
      { a: 1 },
      { 'classifier.bias': 'other' },
      { 'classifier.bias': 'model-00001-of-00002.safetensors', a: 'model-00001-of-00002.safetensors' },
    ]
    expect(await Promise.all(results.map((map) => outcome(...files, index(map))))).toEqual([
      'checkpoint_mismatch',
      'checkpoint_damaged',
      'checkpoint_damaged',
      'checkpoint_file_missing',
      'checkpoint_damaged',
    ])
  })
})

describe('tokenizer.json', () => {
  /** A place in the file, and what stands there instead. */
  const damage = fc.tuple(
    fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
    fc.oneof(fc.constant(undefined), fc.jsonValue(), fc.constantFrom<unknown>(-1, 1e9, 0.5, '', [], {}, null)),
  )
  /** The value with what lies at the place replaced; members and items are counted. */
  function replaced(value: unknown, [step, ...rest]: readonly number[], by: unknown): unknown {
    if (step === undefined || typeof value !== 'object' || value === null) return by
    const keys = Object.keys(value)
    const key = keys[step % Math.max(1, keys.length)]
    if (key === undefined) return by
    const changed = { ...value, [key]: replaced((value as Record<string, unknown>)[key], rest, by) }
    return Array.isArray(value) ? Object.values(changed) : changed
  }

  it.each([BERT, 'deberta-v3-unigram', 'roberta-bpe'])(
    'with anything replaced or missing is refused, or gives ids that the model has (%s)',
    (folder) => {
      const json = fixtureJson(`${folder}/tokenizer.json`)
      fc.assert(
        fc.property(damage, ([path, by]) => {
          try {
            const tokenizer = createTokenizer(JSON.parse(JSON.stringify(replaced(json, path, by))))
            const ids = [...tokenizer.encode('What is [SEP] a half-life? Ünïcode 光'), tokenizer.startId, tokenizer.endId]
            expect(ids.filter((id) => !Number.isSafeInteger(id) || id < 0 || id >= tokenizer.idLimit)).toEqual([])
          } catch (error) {
            if (!(error instanceof AppError)) throw error
            expect([error.message, REFUSALS.includes(error.code)]).toEqual([expect.not.stringMatching(UNFILLED), true])
          }
        }),
        { numRuns: 100 },
      )
    },
    30_000,
  )
})

describe('config and weights of different checkpoints', () => {
  it.each(FOLDERS)('are told apart by the names and shapes of tensors (config of %s)', async (folder) => {
    const described = fixtureSources(folder, ['model.safetensors', 'pytorch_model.bin'])
    const results = await Promise.all(
      FOLDERS.map(async (other) => outcome(...described, memorySource('model.safetensors', fixtureBytes(`${other}/model.safetensors`)))),
    )
    expect(results).toEqual(FOLDERS.map((other) => (other === folder ? 'opened' : 'checkpoint_mismatch')))
  })
})
