// Layout pairs: every option stands in a sequence of its own behind the context and the prompt, as Hugging Face's *ForMultipleChoice reads it.
//   [CLS] context " #### " prompt [SEP] option [SEP]      <s> context " #### " prompt </s></s> option </s>
// The first text is cut into tokens as one text, as training did. Where a pair is too long the context loses its end, then goes with its
// separator; a prompt that is still too long keeps its end and an option its beginning, each at least half of the room.
import type { PairsInput } from '../types'
import type { EncodedQuestion, EncodingProblem } from './shared-prefix'
import type { PairTemplate } from './template'
import type { Tokenizer } from './tokenizer'

/** Of an option whose tokens all see everything (Longformer): what they cost grows with their number times that of all tokens. */
export const MOST_GLOBAL_TOKENS = 1024

/** A context with room for fewer tokens than this is left out. */
const LEAST_CONTEXT = 9

export interface PairsSettings {
  /** Tokens of one pair, special tokens included. */
  maxTokens: number
  /** What stands between context and prompt. */
  separator: string
  /** The model tells the two texts apart by token types. */
  hasTypes: boolean
  /** Tokens of an option. */
  mostOption: number
}

/** Token ids of a question, at most `maxTokens` in a pair. Of several pairs that were cut, the one that was cut most is reported. */
export function encodePairs(
  tokenizer: Tokenizer,
  { prompt, options, context }: EncodedQuestion,
  { maxTokens, separator, hasTypes, mostOption }: PairsSettings,
): { input: PairsInput; problems: EncodingProblem[] } {
  const room = maxTokens - tokenizer.pair.filter((part) => 'id' in part).length
  const promptIds = tokenizer.encode(prompt)
  const contextIds = context === null ? [] : tokenizer.encode(context)
  const wholeIds = contextIds.length === 0 ? promptIds : tokenizer.encode(context + separator + prompt)
  const tailIds = contextIds.length === 0 ? promptIds : tokenizer.encode(separator + prompt)
  const kept = { context: contextIds.length, prompt: promptIds.length }
  const problems: EncodingProblem[] = []

  /** The first text, where the option takes `taken` of the room. */
  const fitFirst = (taken: number): number[] => {
    if (wholeIds.length <= room - taken) return wholeIds
    const contextRoom = room - taken - tailIds.length
    const contextKept = contextRoom < LEAST_CONTEXT ? 0 : Math.min(contextRoom, contextIds.length)
    kept.context = Math.min(kept.context, contextKept)
    if (contextKept > 0) return [...contextIds.slice(0, contextKept), ...tailIds]
    const promptKept = Math.min(promptIds.length, room - taken)
    kept.prompt = Math.min(kept.prompt, promptKept)
    return promptIds.slice(promptIds.length - promptKept)
  }

  const pairs = options.map((text, option) => {
    const ids = tokenizer.encode(text)
    const optionRoom = Math.min(Math.max(Math.floor(room / 2), room - promptIds.length), mostOption)
    if (ids.length > optionRoom) problems.push({ code: 'option_cut', option, detail: { tokens: ids.length, kept: optionRoom } })
    const second = ids.slice(0, optionRoom)
    return fillTemplate(tokenizer.pair, fitFirst(second.length), second, hasTypes)
  })
  if (kept.context < contextIds.length) problems.unshift({ code: 'context_cut', detail: { tokens: contextIds.length, kept: kept.context } })
  if (kept.prompt < promptIds.length) problems.unshift({ code: 'prompt_cut', detail: { tokens: promptIds.length, kept: kept.prompt } })
  return { input: { layout: 'pairs', pairs }, problems }
}

function fillTemplate(
  template: PairTemplate,
  first: readonly number[],
  second: readonly number[],
  hasTypes: boolean,
): { ids: Int32Array; types: Int32Array | null } {
  const ids: number[] = []
  const types: number[] = []
  for (const part of template) {
    const added = 'id' in part ? [part.id] : part.sequence === 'A' ? first : second
    for (const id of added) {
      ids.push(id)
      types.push(part.type)
    }
  }
  return { ids: Int32Array.from(ids), types: hasTypes ? Int32Array.from(types) : null }
}

/** Whether the model looks at token types: RoBERTa and its kin have at most one, or are never told. */
export function readsTokenTypes(config: Record<string, unknown>): boolean {
  const type = config['model_type']
  if (type !== 'bert' && type !== 'deberta-v2') return false
  const count = config['type_vocab_size'] ?? (type === 'bert' ? 2 : 0)
  return typeof count === 'number' && count > 1
}
