// From a question to what the model reads: fit the context, then lay the tokens out as the manifest says.
import { AppError } from '../errors'
import type { Manifest, ModelInput } from '../types'
import { fitContext, readFrequencies } from './fit'
import { encodePairs, MOST_GLOBAL_TOKENS, readsTokenTypes } from './pairs'
import { encodeSharedPrefix, type EncodedQuestion, type EncodingProblem } from './shared-prefix'
import { createTokenizer } from './tokenizer'

export type { EncodedQuestion, EncodingProblem } from './shared-prefix'

export interface Encoder {
  /** `contextWords`: words of a longer context that are kept, chosen by sentence. */
  encode(question: EncodedQuestion, contextWords: number): { input: ModelInput; problems: EncodingProblem[] }
}

/**
 * `tokenizerJson` and `frequencies` are the parsed tokenizer.json and stems.json of the model folder.
 * Throws tokenizer_damaged, model_manifest, model_unsupported.
 */
export function createEncoder(files: { tokenizerJson: unknown; manifest: Manifest; frequencies: unknown }): Encoder {
  const { manifest } = files
  const tokenizer = createTokenizer(files.tokenizerJson)
  const frequencies = readFrequencies(files.frequencies)
  const separator = separatorOf(manifest.template)
  const modelTokens = manifest.config['vocab_size']
  if (typeof modelTokens === 'number' && tokenizer.idLimit > modelTokens) {
    throw new AppError('tokenizer_damaged', { reason: `it has ${tokenizer.idLimit} tokens, the model ${modelTokens}` })
  }
  const pairs = {
    separator,
    hasTypes: readsTypes(manifest),
    maxTokens: manifest.layout === 'pairs' ? manifest.maxTokens.pair : 0,
    mostOption: manifest.architecture === 'longformer' ? MOST_GLOBAL_TOKENS : Infinity,
  }
  return {
    encode({ prompt, options, context }, contextWords) {
      const fitted = context === null ? null : fitContext(context, prompt, options, contextWords, frequencies)
      switch (manifest.layout) {
        case 'shared-prefix':
          return encodeSharedPrefix(tokenizer, { prompt, options, context: fitted }, manifest.maxTokens, separator)
        case 'pairs':
          return encodePairs(tokenizer, { prompt, options, context: fitted }, pairs)
        default:
          throw new Error(`internal: ${String(manifest satisfies never)}`)
      }
    },
  }
}

/** A graph that came as a file says so itself. */
function readsTypes(manifest: Manifest): boolean {
  const graph = manifest.layout === 'pairs' ? manifest.graph : undefined
  return graph ? graph.inputs.some(({ name }) => name === 'token_type_ids') : readsTokenTypes(manifest.config)
}

/** What stands between context and prompt: " #### " in "{context} #### {prompt}". */
function separatorOf(template: string): string {
  const parts = /^\{context\}(.*)\{prompt\}$/s.exec(template)
  if (!parts) throw new AppError('model_manifest', { field: 'template', value: template, hint: 'It must read {context} … {prompt}.' })
  return parts[1]!
}
