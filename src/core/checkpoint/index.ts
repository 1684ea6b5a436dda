// Opens a Hugging Face checkpoint: its config, tokenizer and weights are checked against each other before a single weight is read, so that
// what cannot work is refused at once, by name.
import { createTokenizer } from '../encode/tokenizer'
import { AppError } from '../errors'
import { readBlueprint } from './architectures'
import type { Blueprint, ExpectedTensor } from './blueprint'
import { createFields, unsupported, type Config } from './config-fields'
import { readLicence, readRecord, readTokenizerJson, tokenizerTokens } from './description'
import { findCheckpoint, type ByteSource, type CheckpointFiles } from './source'
import type { TensorSource } from './tensor-source'
import { openTensors, type Tensors } from './tensors'

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
  const description = await readDescription(place, files)
  const weights = match(description.blueprint.tensors, await openTensors(place, files))
  const { blueprint, ...others } = description
  return { ...blueprint, ...others, weights, licence: await readLicence(files) }
}

/** Refuses by config and tokenizer alone what openCheckpoint would refuse: before the weights are fetched from far away. */
export async function checkDescription(place: string, sources: readonly ByteSource[]): Promise<void> {
  await readDescription(place, findCheckpoint(place, sources))
}

async function readDescription(
  place: string,
  files: CheckpointFiles,
): Promise<Pick<Checkpoint, 'config' | 'tokenizerJson' | 'tokenizerTokens'> & { blueprint: Blueprint }> {
  const config = await readRecord(files, 'config.json')
  const blueprint = readBlueprint(createFields(config))
  checkTask(config)
  const settings = await readRecord(files, 'tokenizer_config.json')
  const tokenizerJson = await readTokenizerJson(place, files, blueprint.architecture === 'bert', settings)
  const { idLimit } = createTokenizer(tokenizerJson)
  if (idLimit > blueprint.vocabulary)
    throw new AppError('tokenizer_damaged', { reason: `it has ${idLimit} tokens, the model ${blueprint.vocabulary}` })
  return { blueprint, config, tokenizerJson, tokenizerTokens: tokenizerTokens(settings) }
}

/** A classifier of sequences with one label scores a pair just as well; BERT's and DeBERTa's have the same tensors. */
function checkTask(config: Config): void {
  const [name] = config['architectures'] ? [config['architectures']].flat() : []
  const isKnown = typeof name === 'string' && /ForMultipleChoice$|^(Bert|DebertaV2)ForSequenceClassification$/.test(name)
  if (name === undefined || isKnown) {
    const labels = Object.keys((config['id2label'] as Record<string, unknown> | null | undefined) ?? {}).length
    if (labels > 1 && String(name).endsWith('ForSequenceClassification')) throw manyLabels(labels)
    return
  }
  throw unsupported('architectures', name, '…ForMultipleChoice, and for bert and deberta-v2 …ForSequenceClassification with one label')
}

/** Every expected tensor with its source. Throws checkpoint_mismatch. */
function match(expected: readonly ExpectedTensor[], tensors: Tensors): Checkpoint['weights'] {
  const weights = expected.map((tensor) => {
    const source = tensors.get(tensor.name)
    if (!source) throw mismatch(`the weights lack ${tensor.name}`)
    if (tensor.name === 'classifier.weight' && source.shape.length === 2 && source.shape[0]! > 1 && source.shape[1] === tensor.shape[1])
      throw manyLabels(source.shape[0]!)
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
const manyLabels = (count: number): AppError =>
  unsupported('the number of labels', count, 'multiple-choice models, and classifiers with one label')
const mismatch = (reason: string): AppError => new AppError('checkpoint_mismatch', { reason })
