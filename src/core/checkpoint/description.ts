// The files beside the weights, which every kind of model has: what they say is read here, what follows from it is decided elsewhere.
import { AppError } from '../errors'
import { damaged, readExactly, readJson, type CheckpointFiles } from './source'
import { tokenizerFromVocabulary } from './vocab-txt'

/** The file's object; empty where the file is missing. Throws checkpoint_damaged. */
export async function readRecord(files: CheckpointFiles, name: string): Promise<Record<string, unknown>> {
  const file = files.get(name)
  const json = file ? await readJson(file) : {}
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw damaged(name, 'it is not a JSON object')
  return json as Record<string, unknown>
}

/**
 * A parsed tokenizer.json, or one made of vocab.txt where that `isBert`. `settings`: tokenizer_config.json.
 * Throws tokenizer_damaged, checkpoint_damaged, checkpoint_file_missing.
 */
export async function readTokenizerJson(
  place: string,
  files: CheckpointFiles,
  isBert: boolean,
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
  if (vocabulary && isBert)
    return tokenizerFromVocabulary(new TextDecoder().decode(await readExactly(vocabulary, 0, vocabulary.bytes)), settings)
  const hint = 'If the model has none, load its tokenizer with AutoTokenizer (transformers) and save it with save_pretrained.'
  throw new AppError('checkpoint_file_missing', { place, file: 'tokenizer.json', hint })
}

/** What tokenizer_config.json allows; null where it does not say. */
export function tokenizerTokens(settings: Record<string, unknown>): number | null {
  const longest = settings['model_max_length']
  return typeof longest === 'number' && longest > 0 && longest < 1e6 ? Math.floor(longest) : null
}

/** `license: mit` between the dashes at the head of README.md. */
export async function readLicence(files: CheckpointFiles): Promise<string | null> {
  const readme = files.get('README.md')
  if (!readme) return null
  const text = new TextDecoder().decode(await readme.read(0, Math.min(readme.bytes, 20_000)))
  const matter = /^---\r?\n(.*?)\r?\n---/s.exec(text)?.[1] ?? ''
  return /^license:\s*["']?([^"'\r\n]+)/m.exec(matter)?.[1]?.trim() ?? null
}
