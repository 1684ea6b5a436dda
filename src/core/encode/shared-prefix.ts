// Layout shared-prefix: the context and the prompt are read once, every option attends to them. Token for token as `encode` of
// models/recipe (and its golden file): the prompt keeps its end, an option its beginning, the context what room is left.
//   prefix  [CLS] (context " #### ")? prompt [SEP]        choice  [CLS] option [SEP]
import { AppError } from '../errors'
import type { ModelInput, ProblemCode, SharedPrefixInput } from '../types'
import type { Tokenizer } from './tokenizer'

export interface EncodedQuestion {
  prompt: string
  options: readonly string[]
  context: string | null
}

/** Something that was cut, to be placed by whoever knows the row. `option` is the index of the option it is about. */
export interface EncodingProblem {
  code: ProblemCode
  detail: Record<string, string | number>
  option?: number
}

/** What only reads this layout asks for it here. Throws model_unsupported for another. */
export function sharedPrefixOnly(inputs: readonly ModelInput[]): readonly SharedPrefixInput[] {
  return inputs.map((input) => {
    if (input.layout !== 'shared-prefix')
      throw new AppError('model_unsupported', { field: 'layout', value: input.layout, known: 'shared-prefix' })
    return input
  })
}

/** A context with room for fewer tokens than this is left out. */
const LEAST_CONTEXT = 9

/**
 * Token ids of a question: at most `maxTokens.prefix` in the prefix and `maxTokens.choice` in each choice, special tokens included.
 * `separator` stands between context and prompt.
 */
export function encodeSharedPrefix(
  tokenizer: Tokenizer,
  question: EncodedQuestion,
  maxTokens: { prefix: number; choice: number },
  separator = ' #### ',
): { input: SharedPrefixInput; problems: EncodingProblem[] } {
  const problems: EncodingProblem[] = []
  const wrap = (...ids: number[][]): Int32Array => Int32Array.from([tokenizer.startId, ...ids.flat(), tokenizer.endId])

  let prompt = tokenizer.encode(question.prompt)
  const promptRoom = maxTokens.prefix - 2
  if (prompt.length > promptRoom) {
    problems.push({ code: 'prompt_cut', detail: { tokens: prompt.length, kept: promptRoom } })
    prompt = prompt.slice(-promptRoom)
  }

  let context = question.context === null ? [] : tokenizer.encode(question.context)
  const between = tokenizer.encode(separator)
  const contextRoom = promptRoom - prompt.length - between.length
  const contextKept = contextRoom < LEAST_CONTEXT ? 0 : contextRoom
  if (context.length > contextKept) {
    problems.push({ code: 'context_cut', detail: { tokens: context.length, kept: contextKept } })
    context = context.slice(0, contextKept)
  }

  const choiceRoom = maxTokens.choice - 2
  const choiceIds = question.options.map((text, option) => {
    const ids = tokenizer.encode(text)
    if (ids.length > choiceRoom) problems.push({ code: 'option_cut', option, detail: { tokens: ids.length, kept: choiceRoom } })
    return wrap(ids.slice(0, choiceRoom))
  })
  const prefixIds = context.length > 0 ? wrap(context, between, prompt) : wrap(prompt)
  return { input: { layout: 'shared-prefix', prefixIds, contextTokens: context.length, choiceIds }, problems }
}
