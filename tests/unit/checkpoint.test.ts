import { describe, expect, it } from 'vitest'
import { openCheckpoint, type ByteSource, type Checkpoint } from '../../src/core/checkpoint'
import { elementsOf, readFloats } from '../../src/core/checkpoint/tensor-source'
import { createTokenizer } from '../../src/core/encode/tokenizer'
import { AppError } from '../../src/core/errors'
import { FOLDERS, fixtureJson, fixtureSources, jsonSource, textSource } from './checkpoint-source'

const V3 = 'deberta-v3-unigram'
const tokenizer = (folder: string): ByteSource[] => fixtureSources(folder).filter(({ name }) => name.startsWith('tokenizer'))
const open = (sources: readonly ByteSource[]): Promise<Checkpoint> => openCheckpoint('here', sources)

async function numbersOf({ weights }: Checkpoint): Promise<Record<string, number[]>> {
  const entries = weights.map(async ({ expected, source }) => [
    expected.name,
    Array.from(await readFloats(source, 0, elementsOf(expected.shape))),
  ])
  return Object.fromEntries((await Promise.all(entries)) as [string, number[]][])
}
const messageOf = (sources: readonly ByteSource[]): Promise<string> =>
  open(sources).then(
    () => 'opened',
    (error: unknown) => {
      if (error instanceof AppError) return error.message
      throw error
    },
  )
/** A fixture with some fields of its config changed. */
function withConfig(folder: string, change: Record<string, unknown>): ByteSource[] {
  return [...fixtureSources(folder, ['config.json']), jsonSource('config.json', { ...fixtureJson(`${folder}/config.json`), ...change })]
}

describe('a checkpoint', () => {
  it.each(FOLDERS)('of %s opens, with a place for each of its tensors', async (name) => {
    const checkpoint = await open(fixtureSources(name, ['pytorch_model.bin']))
    const config = fixtureJson(`${name}/config.json`)
    expect([checkpoint.architecture, checkpoint.tokenizerTokens]).toEqual([config['model_type'], 64])
  })

  it.each(['deberta-v2-wordpiece', 'bert-wordpiece'])(
    'holds the same numbers in pytorch_model.bin and model.safetensors (%s)',
    async (name) => {
      const safe = await numbersOf(await open(fixtureSources(name, ['pytorch_model.bin'])))
      expect(await numbersOf(await open(fixtureSources(name, ['model.safetensors'])))).toEqual(safe)
    },
  )

  it.each(['fp16', 'sharded'])('holds the same numbers saved as %s', async (folder) => {
    const whole = await numbersOf(await open(fixtureSources(V3)))
    expect(await numbersOf(await open([...fixtureSources(`${V3}/${folder}`), ...tokenizer(V3)]))).toEqual(whole)
  })

  it('is found below what was dropped, the least deep config.json first', async () => {
    const moved = (folder: string, sources: ByteSource[]): ByteSource[] => sources.map((s) => ({ ...s, name: `${folder}/${s.name}` }))
    const sources = [...moved('model', fixtureSources(V3)), ...moved('model/fp16', fixtureSources(`${V3}/fp16`))]
    expect(await numbersOf(await open(sources))).toEqual(await numbersOf(await open(fixtureSources(V3))))
  })

  it('may call the parameters of LayerNorm gamma and beta', async () => {
    const bytes = fixtureSources('bert-wordpiece').find(({ name }) => name === 'model.safetensors')!
    const whole = await bytes.read(0, bytes.bytes)
    const end = 8 + new DataView(whole.buffer).getUint32(0, true)
    const old = new TextDecoder()
      .decode(whole.subarray(8, end))
      .replaceAll('LayerNorm.weight', 'LayerNorm.gamma')
      .replaceAll('LayerNorm.bias', 'LayerNorm.beta')
    const header = new TextEncoder().encode(old)
    const renamed = new Uint8Array(8 + header.length + whole.length - end)
    new DataView(renamed.buffer).setBigUint64(0, BigInt(header.length), true)
    renamed.set(header, 8)
    renamed.set(whole.subarray(end), 8 + header.length)
    const source: ByteSource = {
      name: 'model.safetensors',
      bytes: renamed.length,
      read: (o, n) => Promise.resolve(renamed.slice(o, o + n)),
    }
    const opened = await open([...fixtureSources('bert-wordpiece', ['model.safetensors', 'pytorch_model.bin']), source])
    expect(await numbersOf(opened)).toEqual(await numbersOf(await open(fixtureSources('bert-wordpiece'))))
  })

  it('of BERT may have vocab.txt in place of tokenizer.json', async () => {
    const file = fixtureJson('bert-wordpiece/tokenizer.json') as { model: { vocab: Record<string, number> } }
    const pieces = Object.entries(file.model.vocab).sort(([, a], [, b]) => a - b)
    const vocabulary = textSource('vocab.txt', pieces.map(([piece]) => `${piece}\n`).join(''))
    const opened = await open([...fixtureSources('bert-wordpiece', ['tokenizer.json']), vocabulary])
    const [own, theirs] = [createTokenizer(opened.tokenizerJson), createTokenizer(file)]
    const text = 'The Électron [SEP] 水, it’s 5 °C'
    expect([own.encode(text), own.pair]).toEqual([theirs.encode(text), theirs.pair])
  })

  it('says its licence where README.md does', async () => {
    const readme = textSource('README.md', '---\nlanguage: en\nlicense: mit\n---\n# A model\nlicense: none')
    expect((await open([...fixtureSources(V3), readme])).licence).toBe('mit')
  })

  it('without a limit of its own may be read beyond max_position_embeddings', async () => {
    const limits = await Promise.all(FOLDERS.map(async (name) => [name, (await open(fixtureSources(name))).mostTokens]))
    expect(Object.fromEntries(limits)).toEqual({
      'bert-wordpiece': 64,
      'deberta-v2-conv': null,
      'deberta-v2-noshare': 64,
      'deberta-v2-wordpiece': 64,
      'deberta-v3-unigram': null,
      'longformer-bpe': 64,
      'mpnet-wordpiece': 64,
      'roberta-bpe': 64,
    })
  })
})

describe('a checkpoint that cannot be used is refused by name', () => {
  it.each([
    ['an unknown model type', 'bert-wordpiece', { model_type: 'electra' }, 'model_type in config.json is "electra"'],
    ['no model type', 'bert-wordpiece', { model_type: null }, 'model_type in config.json is null'],
    ['an unknown activation', 'bert-wordpiece', { hidden_act: 'mish' }, 'hidden_act in config.json is "mish". Pagewise knows gelu'],
    [
      'relative positions in BERT',
      'bert-wordpiece',
      { position_embedding_type: 'relative_key' },
      'position_embedding_type in config.json is "relative_key"',
    ],
    ['a decoder', 'roberta-bpe', { is_decoder: true }, 'is_decoder in config.json is true'],
    ['another task', 'bert-wordpiece', { architectures: ['BertForMaskedLM'] }, 'architectures in config.json is "BertForMaskedLM"'],
    ['quantized weights', 'bert-wordpiece', { quantization_config: { bits: 4 } }, 'quantization_config in config.json is {"bits":4}'],
    ['an unknown kind of relative attention', V3, { pos_att_type: 'c2p|p2p' }, 'pos_att_type in config.json is "c2p|p2p"'],
    ['an odd window', 'longformer-bpe', { attention_window: [8, 7] }, 'attention_window in config.json is [8,7]'],
    ['heads that do not divide', V3, { num_attention_heads: 5 }, 'num_attention_heads in config.json is 5'],
    ['a size that is no number', V3, { hidden_size: '32' }, 'hidden_size in config.json is "32"'],
    ['a million layers', V3, { num_hidden_layers: 1e6 }, 'num_hidden_layers in config.json is 1000000. Pagewise knows up to 1000'],
    ['another size', V3, { hidden_size: 64 }, 'pooler_hidden_size in config.json is 32. Pagewise knows 64'],
    ['more layers than weights', V3, { num_hidden_layers: 3 }, 'the weights lack deberta.encoder.layer.2.attention.self.query_proj.weight'],
    ['fewer layers than weights', V3, { num_hidden_layers: 1 }, 'for which the config has no place (16 such tensors)'],
    ['token types without weights', V3, { type_vocab_size: 2 }, 'the weights lack deberta.embeddings.token_type_embeddings.weight'],
    [
      'another vocabulary',
      V3,
      { vocab_size: 700 },
      'deberta.embeddings.word_embeddings.weight is [608, 32], the config asks for [700, 32]',
    ],
    ['a vocabulary smaller than the tokenizer', V3, { vocab_size: 400 }, 'it has 493 tokens, the model 400'],
  ])('%s', async (_, folder, change, message) => {
    expect(await messageOf(withConfig(folder, change))).toContain(message)
  })

  it.each([
    ['no config', V3, ['config.json'], 'There is no config.json in here'],
    ['no weights', V3, ['model.safetensors'], 'There is no weight file in here'],
    ['no tokenizer', V3, ['tokenizer.json'], 'There is no tokenizer.json in here'],
    ['a missing shard', `${V3}/sharded`, ['model-00002-of-00002.safetensors'], 'There is no model-00002-of-00002.safetensors in here'],
  ])('%s', async (_, folder, without, message) => {
    const own = folder === V3 ? [] : tokenizer(V3)
    expect(await messageOf([...fixtureSources(folder, without), ...own])).toContain(message)
  })

  it('several models at once', async () => {
    const sources = ['a', 'b'].flatMap((folder) => fixtureSources(V3).map((s) => ({ ...s, name: `${folder}/${s.name}` })))
    expect(await messageOf(sources)).toContain('There is more than one config.json in here: a/config.json, b/config.json.')
  })

  it('a tokenizer.json without its model', async () => {
    const { model: _, ...rest } = fixtureJson(`${V3}/tokenizer.json`)
    expect(await messageOf([...fixtureSources(V3, ['tokenizer.json']), jsonSource('tokenizer.json', rest)])).toContain(
      'model is not an object',
    )
  })
})
