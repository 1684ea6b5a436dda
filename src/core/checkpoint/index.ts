// Opens a Hugging Face checkpoint: its config, tokenizer and weights are checked against each other before a single weight is read, so that
// what cannot work is refused at once, by name.
import { createTokenizer } from '../encode/tokenizer'
import { AppError } from '../errors'
import { readBlueprint } from './architectures'
import type { Blueprint, ExpectedTensor } from './blueprint'
import { createFields, unsupported, type Config } from './config-fields'
import { damaged, findCheckpoint, readExactly, readJson, type ByteSource, type CheckpointFiles } from './source'
import type { TensorSource } from './tensor-source'
import { openTensors, type Tensors } from './tensors'
import { tokenizerFromVocabulary } from './vocab-txt'

export type { ByteSource } from './source'

export interface Checkpoint extends Blueprint {
  config: Config
  /** The weights in the order of the forward pass. */
  weights: { expected: ExpectedTensor; source: TensorSource }[]
  /** A parsed tokenizer.json. */
  tokenizerJson: unknown
  /** What the tokenizer's settings allow; null where they do not say. */
  tokenizerTokens: number | null
  /** From the front matter of README.md; null where there is none. */
  licence: string | null
}

/** Tensors of pretraining heads and buffers, which a multiple-choice model does not use. */
const UNUSED = /(^|\.)position_ids$|^(cls|lm_head|lm_predictions|mask_predictions)\./

/**
 * `place`: what people call the folder. Throws checkpoint_file_missing, checkpoint_damaged, checkpoint_pickle, checkpoint_mismatch,
 * model_unsupported, tokenizer_damaged, file_unreadable.
 */
export async function openCheckpoint(place: string, sources: readonly ByteSource[]): Promise<Checkpoint> {
  const files = findCheckpoint(place, sources)
  const config = await readRecord(files, 'config.json')
  const blueprint = readBlueprint(createFields(config))
  checkTask(config)
  const settings = await readRecord(files, 'tokenizer_config.json')
  const tokenizerJson = await readTokenizer(place, files, blueprint, settings)
  const { idLimit } = createTokenizer(tokenizerJson)
  if (idLimit > blueprint.vocabulary)
    throw new AppError('tokenizer_damaged', { reason: `it has ${idLimit} tokens, the model ${blueprint.vocabulary}` })
  const weights = match(blueprint.tensors, await openTensors(place, files))
  const longest = settings['model_max_length']
  const tokenizerTokens = typeof longest === 'number' && longest > 0 && longest < 1e6 ? Math.floor(longest) : null
  return { ...blueprint, config, weights, tokenizerJson, tokenizerTokens, licence: await readLicence(files) }
}

/** The file's object; empty where the file is missing. */
async function readRecord(files: CheckpointFiles, name: string): Promise<Record<string, unknown>> {
  const file = files.get(name)
  const json = file ? await readJson(file) : {}
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw damaged(name, 'it is not a JSON object')
  return json as Record<string, unknown>
}

/** A classifier of sequences with one label scores a pair just as well; BERT's and DeBERTa's have the same tensors. */
function checkTask(config: Config): void {
  const [name] = config['architectures'] ? [config['architectures']].flat() : []
  const isKnown = typeof name === 'string' && /ForMultipleChoice$|^(Bert|DebertaV2)ForSequenceClassification$/.test(name)
  if (name === undefined || isKnown) return
  throw unsupported('architectures', name, '…ForMultipleChoice, and for bert and deberta-v2 …ForSequenceClassification with one label')
}

async function readTokenizer(
  place: string,
  files: CheckpointFiles,
  { architecture }: Blueprint,
  settings: Record<string, unknown>,
): Promise<unknown> {
  const file = files.get('tokenizer.json')
  if (file) {
    try {
      return await readJson(file)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'checkpoint_damaged') throw error
      throw new AppError('tokenizer_damaged', { reason: String(error.detail['reason']) })
    }
  }
  const vocabulary = files.get('vocab.txt')
  if (vocabulary && architecture === 'bert')
    return tokenizerFromVocabulary(new TextDecoder().decode(await readExactly(vocabulary, 0, vocabulary.bytes)), settings)
  const hint = 'Load the tokenizer with AutoTokenizer (transformers) and save it with save_pretrained, which writes the file.'
  throw new AppError('checkpoint_file_missing', { place, file: 'tokenizer.json', hint })
}

/** Every expected tensor with its source. Throws checkpoint_mismatch. */
function match(expected: readonly ExpectedTensor[], tensors: Tensors): Checkpoint['weights'] {
  const weights = expected.map((tensor) => {
    const source = tensors.get(tensor.name)
    if (!source) throw mismatch(`the weights lack ${tensor.name}`)
    if (source.shape.join() !== tensor.shape.join())
      throw mismatch(`${tensor.name} is [${source.shape.join(', ')}], the config asks for [${tensor.shape.join(', ')}]`)
    if (!['F32', 'F16', 'BF16'].includes(source.type))
      throw new AppError('model_unsupported', { field: `the type of ${tensor.name}`, value: source.type, known: 'F32, F16, BF16' })
    return { expected: tensor, source }
  })
  const known = new Set(expected.map(({ name }) => name))
  const extra = [...tensors.keys()].filter((name) => !known.has(name) && !UNUSED.test(name))
  if (extra.length > 0) throw mismatch(`the weights hold ${extra[0]!}, for which the config has no place (${extra.length} such tensors)`)
  return weights
}
const mismatch = (reason: string): AppError => new AppError('checkpoint_mismatch', { reason })

/** `license: mit` between the dashes at the head of README.md. */
async function readLicence(files: CheckpointFiles): Promise<string | null> {
  const readme = files.get('README.md')
  if (!readme) return null
  const text = new TextDecoder().decode(await readme.read(0, Math.min(readme.bytes, 20_000)))
  const matter = /^---\r?\n(.*?)\r?\n---/s.exec(text)?.[1] ?? ''
  return /^license:\s*["']?([^"'\r\n]+)/m.exec(matter)?.[1]?.trim() ?? null
}
