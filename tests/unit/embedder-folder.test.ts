import { describe, expect, it } from 'vitest'
import { folderPaths, readEmbedderFolder } from '../../src/core/retrieve'

const FILES: Record<string, unknown> = {
  'config.json': { model_type: 'bert', max_position_embeddings: 512 },
  'tokenizer.json': {},
  'tokenizer_config.json': {},
  'onnx/model.onnx': null,
}
function read(more: Record<string, unknown> = {}, place = 'my-embedder') {
  const files = Object.fromEntries(Object.entries({ ...FILES, ...more }).filter(([, content]) => content !== undefined))
  return readEmbedderFolder(place, new Set(Object.keys(files)), (name) => files[name])
}
const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

describe('how an embedder is run', () => {
  it('is by mean and without prefixes unless its folder says otherwise', () => {
    expect(read()).toEqual({
      pooling: 'mean',
      maxTokens: 512,
      weights: 'onnx/model.onnx',
      files: ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'],
      queryPrefix: '',
      passagePrefix: '',
    })
  })
  it('follows 1_Pooling/config.json', () => {
    const pooling = { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }
    expect(read({ '1_Pooling/config.json': pooling }).pooling).toBe('cls')
  })
  it('takes the least length that any file names, and leaves RoBERTa its two positions', () => {
    expect([
      read({ 'tokenizer_config.json': { model_max_length: 1e30 }, 'sentence_bert_config.json': { max_seq_length: 256 } }).maxTokens,
      read({ 'config.json': { model_type: 'xlm-roberta', max_position_embeddings: 514 } }).maxTokens,
      read({ 'config.json': {} }).maxTokens,
    ]).toEqual([256, 512, 512])
  })
  it('takes prompts from the folder, and those of e5 and bge by their names', () => {
    const prompts = { prompts: { query: 'search_query: ', document: 'search_document: ' } }
    const prefixes = ({ queryPrefix, passagePrefix }: ReturnType<typeof read>) => [queryPrefix, passagePrefix]
    expect([prefixes(read({ 'config_sentence_transformers.json': prompts })), prefixes(read({}, 'multilingual-e5-small'))]).toEqual([
      ['search_query: ', 'search_document: '],
      ['query: ', 'passage: '],
    ])
    expect(read({}, 'bge-small-en-v1.5').queryPrefix).toMatch(/^Represent this sentence/)
  })
  it('is on the 8-bit weights where there are no others, with the file of data beside them', () => {
    const found = read({ 'onnx/model.onnx': undefined, 'onnx/model_quantized.onnx': null, 'onnx/model_quantized.onnx_data': null })
    expect([found.weights, found.files.at(-1)]).toEqual(['onnx/model_quantized.onnx', 'onnx/model_quantized.onnx_data'])
  })
  it('is refused with the file, the value and what to do', () => {
    const max = { pooling_mode_max_tokens: true }
    expect([
      refusal(() => read({ 'tokenizer.json': undefined })),
      refusal(() => read({ 'tokenizer.json': 'text' })),
      refusal(() => read({ '1_Pooling/config.json': max })),
      refusal(() => read({ 'modules.json': [{ type: 'sentence_transformers.models.Dense' }] })),
    ]).toEqual([
      'tokenizer.json is missing from the embedder my-embedder. Choose its whole folder: config.json, tokenizer.json, tokenizer_config.json, onnx/model.onnx.',
      'The embedder my-embedder cannot be used: tokenizer.json is "text". It must be a JSON object.',
      'The embedder my-embedder cannot be used: 1_Pooling/config.json is "pooling_mode_max_tokens". Pagewise pools by mean or by the first token.',
      'The embedder my-embedder cannot be used: modules.json is "sentence_transformers.models.Dense". Pagewise knows Transformer, Pooling and Normalize.',
    ])
  })
})

describe('the paths of dropped files', () => {
  it('lose the folder that all lie in', () => {
    const dropped = ['models/e5/config.json', 'models/e5/1_Pooling/config.json', 'models/e5/onnx/model.onnx']
    expect(folderPaths(dropped)).toEqual(['config.json', '1_Pooling/config.json', 'onnx/model.onnx'])
  })
  it('find onnx/ for weights that were dropped alone', () => {
    expect(folderPaths(['config.json', 'model_quantized.onnx'])).toEqual(['config.json', 'onnx/model_quantized.onnx'])
  })
})
