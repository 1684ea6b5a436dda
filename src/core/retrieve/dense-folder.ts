// How an embedder's folder wants to be run, in the conventions of sentence-transformers: 1_Pooling/config.json says how token vectors become
// one, config_sentence_transformers.json may hold prompts, sentence_bert_config.json a length, modules.json further layers.
import { show } from '../check'
import { AppError } from '../errors'
import type { EmbedderSettings } from './dense-manifest'

const NEEDED = ['config.json', 'tokenizer.json', 'tokenizer_config.json']
const OPTIONAL = ['1_Pooling/config.json', 'config_sentence_transformers.json', 'sentence_bert_config.json', 'modules.json']
const WEIGHTS = ['onnx/model.onnx', 'onnx/model_quantized.onnx'] as const
/** Tokens where no file of the folder says how many. */
const DEFAULT_TOKENS = 512

/** Every file of a folder that Pagewise may read. */
export const EMBEDDER_FILES: readonly string[] = [...NEEDED, ...OPTIONAL, ...WEIGHTS.flatMap((name) => [name, `${name}_data`])]

type Json = Record<string, unknown>

/**
 * `names`: which of EMBEDDER_FILES there are; `json`: the content of a JSON file among them, undefined where it is none. `place`: the
 * folder, for messages. model.onnx is taken before model_quantized.onnx. Throws embedder_file_missing, embedder_unsupported.
 */
export function readEmbedderFolder(place: string, names: ReadonlySet<string>, json: (name: string) => unknown): EmbedderSettings {
  for (const file of NEEDED) if (!names.has(file)) throw new AppError('embedder_file_missing', { file, place })
  const weights = WEIGHTS.find((name) => names.has(name))
  if (!weights) throw new AppError('embedder_file_missing', { file: WEIGHTS[0], place })
  const refuse = (field: string, value: unknown, hint: string): AppError =>
    new AppError('embedder_unsupported', { place, field, value: show(value), hint })
  const read = (name: string): Json => {
    if (!names.has(name)) return {}
    const value = json(name)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(name, value, 'It must be a JSON object.')
    return value as Json
  }
  const [config, tokenizer] = [read('config.json'), read('tokenizer_config.json')]
  read('tokenizer.json')
  checkModules(names.has('modules.json') ? json('modules.json') : [], refuse)
  const data = `${weights}_data`
  return {
    pooling: poolingOf(read('1_Pooling/config.json'), refuse),
    maxTokens: maxTokensOf(config, tokenizer, read('sentence_bert_config.json')),
    weights,
    files: [...NEEDED, weights, ...(names.has(data) ? [data] : [])],
    ...prefixesOf(place, config, read('config_sentence_transformers.json')),
  }
}

/** Paths of dropped files -> the same without the folder that all lie in, an ONNX file that lies alone as onnx/…. */
export function folderPaths(paths: readonly string[]): string[] {
  const config = paths.filter((path) => /(^|\/)config\.json$/.test(path)).sort((a, b) => a.length - b.length)[0]
  const root = config?.slice(0, -'config.json'.length) ?? ''
  return paths.map((path) =>
    (path.startsWith(root) ? path.slice(root.length) : path).replace(/^(model(_quantized)?\.onnx(_data)?)$/, 'onnx/$1'),
  )
}

type Refuse = (field: string, value: unknown, hint: string) => AppError

function poolingOf(pooling: Json, refuse: Refuse): EmbedderSettings['pooling'] {
  const modes = Object.keys(pooling).filter((key) => key.startsWith('pooling_mode_') && pooling[key] === true)
  if (typeof pooling['pooling_mode'] === 'string') modes.push(`pooling_mode_${pooling['pooling_mode']}`)
  const [mode = 'pooling_mode_mean_tokens', ...more] = modes
  if (more.length === 0 && /^pooling_mode_mean(_tokens)?$/.test(mode)) return 'mean'
  if (more.length === 0 && /^pooling_mode_cls(_token)?$/.test(mode)) return 'cls'
  throw refuse('1_Pooling/config.json', modes.join(' + '), 'Pagewise pools by mean or by the first token.')
}

/** Layers after pooling are not in the ONNX file. */
function checkModules(modules: unknown, refuse: Refuse): void {
  for (const module of Array.isArray(modules) ? (modules as unknown[]) : []) {
    const type = (module as Json | null)?.['type']
    if (typeof type === 'string' && !/\.(Transformer|Pooling|Normalize)$/.test(type))
      throw refuse('modules.json', type, 'Pagewise knows Transformer, Pooling and Normalize.')
  }
}

function maxTokensOf(config: Json, tokenizer: Json, sentenceBert: Json): number {
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 2 && (value as number) < 1e6
  // RoBERTa and its kin number positions from pad_token_id + 1 on.
  const isShifted = ['roberta', 'xlm-roberta', 'camembert', 'mpnet'].includes(String(config['model_type']))
  const positions = config['max_position_embeddings']
  const limits = [
    isCount(positions) && isShifted ? positions - 2 : positions,
    tokenizer['model_max_length'],
    sentenceBert['max_seq_length'],
  ].filter(isCount)
  return limits.length > 0 ? Math.min(...limits) : DEFAULT_TOKENS
}

/** From the folder's own prompts; else by the families that are trained with prefixes and do not say so in a file. */
function prefixesOf(place: string, config: Json, sentenceTransformers: Json): Pick<EmbedderSettings, 'queryPrefix' | 'passagePrefix'> {
  const prompts = (sentenceTransformers['prompts'] ?? {}) as Json
  const prompt = (...names: string[]): string | undefined => names.map((name) => prompts[name]).find((value) => typeof value === 'string')
  const query = prompt('query')
  const passage = prompt('passage', 'document')
  if (query || passage) return { queryPrefix: query ?? '', passagePrefix: passage ?? '' }
  const name = `${place} ${typeof config['_name_or_path'] === 'string' ? config['_name_or_path'] : ''}`.toLowerCase()
  if (/\be5-/.test(name)) return { queryPrefix: 'query: ', passagePrefix: 'passage: ' }
  if (/\bbge-(small|base|large)-en/.test(name))
    return { queryPrefix: 'Represent this sentence for searching relevant passages: ', passagePrefix: '' }
  return { queryPrefix: '', passagePrefix: '' }
}
