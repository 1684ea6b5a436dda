// A model that comes as a plain .onnx file: the graph and the tokenizer beside it are checked against each other before anything is loaded.
// Optimum and transformers lay such models out as model.onnx beside tokenizer.json, or as onnx/model.onnx below it.
import { readLicence, readRecord, readTokenizerJson, tokenizerTokens } from '../checkpoint/description'
import { baseOf, damaged, type ByteSource } from '../checkpoint/source'
import { createTokenizer } from '../encode/tokenizer'
import { AppError } from '../errors'
import type { PlainGraph, Precision } from '../types'
import { findOnnx } from './find-onnx'
import { checkGraph } from './plain-graph'
import { readOnnx } from './read-onnx'

export { findOnnx } from './find-onnx'
export { readOnnx } from './read-onnx'

export interface OnnxModel {
  graph: PlainGraph
  /** What most bytes of its weights are. */
  precision: Precision
  /** The .onnx file, then the files of its weights, by their names in the model folder. */
  files: { name: string; source: ByteSource }[]
  /** config.json; empty where there is none. */
  config: Record<string, unknown>
  tokenizerJson: unknown
  tokenizerTokens: number | null
  /** Most tokens of a sequence; null where nothing limits them or nobody says. */
  mostTokens: number | null
  usualTokens: number
  licence: string | null
}

/** Files of a model folder. */
const OWN_NAMES = ['', '.', '..', 'model.json', 'model.onnx', 'tokenizer.json', 'stems.json']
const USUAL_TOKENS = 512
/** They count positions from pad_token_id + 1 on. */
const SHIFTED_POSITIONS = /roberta|longformer|camembert|mpnet/

/**
 * The model whose .onnx file `findOnnx` finds among `sources`; null where that finds none. `place`: what people call the folder.
 * Throws checkpoint_file_missing, checkpoint_ambiguous, checkpoint_damaged, model_unsupported, tokenizer_damaged, file_unreadable.
 */
export async function openOnnxModel(place: string, sources: readonly ByteSource[]): Promise<OnnxModel | null> {
  const found = findOnnx(place, sources)
  if (!found) return null
  const { onnx, files } = found
  const file = await readOnnx(onnx)
  const config = await readRecord(files, 'config.json')
  const checked = checkGraph(baseOf(onnx.name), file, config['model_type'])
  const settings = await readRecord(files, 'tokenizer_config.json')
  const tokenizerJson = await readTokenizerJson(place, files, config['model_type'] === 'bert', settings)
  const { idLimit, idOf } = createTokenizer(tokenizerJson)
  const vocabulary = countOf(config, 'vocab_size')
  if (vocabulary !== null && idLimit > vocabulary)
    throw new AppError('tokenizer_damaged', { reason: `it has ${idLimit} tokens, the model ${vocabulary}` })
  const data = [...file.data].map(([name, bytes]) => {
    if (name !== baseOf(name) || name.includes('\\') || OWN_NAMES.includes(name)) {
      const field = `the place of weights in ${baseOf(onnx.name)}`
      throw new AppError('model_unsupported', { field, value: name, known: 'files beside it' })
    }
    const source = files.get(name)
    if (!source) throw new AppError('checkpoint_file_missing', { place, file: name, hint: `${baseOf(onnx.name)} keeps its weights there.` })
    if (source.bytes < bytes) throw damaged(source.name, `it has ${source.bytes} bytes, ${baseOf(onnx.name)} asks for ${bytes}`)
    return { name, source }
  })
  const padId = readPadId(config, settings, idOf)
  const positions = countOf(config, 'max_position_embeddings')
  const shift = SHIFTED_POSITIONS.test(String(config['model_type'])) ? padId + 1 : 0
  const relative = config['model_type'] === 'deberta-v2' && config['position_biased_input'] === false
  const numbered = positions === null || positions <= shift ? null : positions - shift
  const usual = Math.min(checked.fixed?.sequence ?? Infinity, numbered ?? USUAL_TOKENS)
  const most = Math.min(checked.fixed?.sequence ?? Infinity, relative ? Infinity : (numbered ?? Infinity))
  return {
    graph: { ...checked, padId, data: data.map(({ name }) => name) },
    precision: file.precision,
    files: [{ name: 'model.onnx', source: onnx }, ...data],
    config,
    tokenizerJson,
    tokenizerTokens: tokenizerTokens(settings),
    mostTokens: most === Infinity ? null : most,
    usualTokens: usual,
    licence: await readLicence(files),
  }
}

/** A padded token is masked, but RoBERTa and its kin tell by its id where positions begin. */
function readPadId(
  config: Record<string, unknown>,
  settings: Record<string, unknown>,
  idOf: (token: string) => number | undefined,
): number {
  const id = config['pad_token_id']
  if (Number.isSafeInteger(id) && (id as number) >= 0) return id as number
  const token = settings['pad_token']
  const content = typeof token === 'object' && token !== null && 'content' in token ? token.content : token
  const names = [...(typeof content === 'string' ? [content] : []), '[PAD]', '<pad>']
  return names.map(idOf).find((known) => known !== undefined) ?? 0
}

function countOf(config: Record<string, unknown>, field: string): number | null {
  const value = config[field]
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : null
}
