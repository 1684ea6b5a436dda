// The nouns that every room shares. Plain data: everything here survives structuredClone.

/** One non-empty option of a question. `letter` names its column (A-Z); `text` is the cell byte for byte. */
export interface Option {
  letter: string
  text: string
}

/** One row of the visitor's file, read through a mapping. Empty option cells are not in `options`. */
export interface Question {
  /** 1-based data row in the file (the header is not counted). */
  row: number
  /** The id cell byte for byte, or the row number where the file has no id column. */
  id: string
  prompt: string
  options: Option[]
  context: string | null
  /** Index into `options` of the right one; null where the file does not say or says something unusable. */
  answer: number | null
}

/** Something about a row or the file that the visitor should know; never an exception. Sentences: core/problems.ts. */
export interface Problem {
  /** 1-based data row; null when it concerns the whole file. */
  row: number | null
  column: string | null
  code: ProblemCode
  /** Values for the sentence's placeholders. */
  detail: Record<string, string | number>
}

export const PROBLEM_CODES = [
  'prompt_empty', // {}
  'option_empty', // {letter, left}
  'options_missing', // {}                   no option at all: the line lists the letters in file order
  'one_option', // {letter}
  'answer_unknown', // {answer, letters}     answered, not scored
  'answer_missing', // {}                    the column exists, the cell is empty
  'answer_option_empty', // {letter}
  'id_duplicate', // {id, first}
  'id_empty', // {}                          the row number is used
  'id_formula', // {id}                      a spreadsheet would run it
  'row_short', // {cells, columns}
  'row_long', // {cells, columns}
  'header_duplicate', // {column}
  'quote_unclosed', // {}
  'line_unreadable', // {line}               JSONL: not a JSON object
  'text_damaged', // {}                      U+FFFD after decoding
  'prompt_cut', // {tokens, kept}
  'option_cut', // {letter, tokens, kept}
  'context_cut', // {tokens, kept}
  'not_answered', // {}                      the run was stopped before this row
] as const
export type ProblemCode = (typeof PROBLEM_CODES)[number]

/** A passage that retrieval found for a question. `used` is false where the gate kept it from the model. */
export interface PassageHit {
  id: string
  title: string
  /** Where it comes from, ready to show: "OpenStax, Biology 2e, CC BY 4.0". */
  source: string
  text: string
  score: number
  used: boolean
}

/** What the model said about one question. All arrays are in the order of `question.options`. */
export interface Answer {
  /** Index of the question in the file (row - 1). */
  index: number
  /** Indices into `options`, best first, all of them; ties keep file order. */
  ranking: number[]
  logits: number[]
  /** softmax of the logits; sums to 1. Empty when there are no options. */
  probabilities: number[]
  /** Probabilities without any passage, where open book was on and both were computed. */
  closedProbabilities: number[] | null
  passages: PassageHit[]
  problems: Problem[]
}

export const PRECISIONS = ['fp32', 'fp16', 'q8', 'q4'] as const
export type Precision = (typeof PRECISIONS)[number]
export type Arithmetic = 'float' | 'int8'
export type Device = 'cpu' | 'webgpu'

/** A question as the model reads it, layout shared-prefix: see docs/architecture.md and models/recipe/deberta.py (MC.shared). */
export interface SharedPrefixInput {
  layout: 'shared-prefix'
  /** [CLS] (context " #### ")? prompt [SEP] */
  prefixIds: Int32Array
  /** Tokens 1 … contextTokens of the prefix are the context. */
  contextTokens: number
  /** One per option: [CLS] option [SEP] */
  choiceIds: Int32Array[]
}
/** A question in layout pairs, as Hugging Face's *ForMultipleChoice reads it: one sequence for each option. */
export interface PairsInput {
  layout: 'pairs'
  /** [CLS] first [SEP] option [SEP], or <s> first </s></s> option </s>. `types`: token types, as long as `ids`; null where all are 0. */
  pairs: { ids: Int32Array; types: Int32Array | null }[]
}
export type ModelInput = SharedPrefixInput | PairsInput

/** 'onnx': a graph that came as a file and runs as it is, whatever is in it. */
export type Architecture = 'deberta-v2' | 'bert' | 'roberta' | 'mpnet' | 'longformer' | 'onnx'
export type Layout = Manifest['layout']

/** model.json of a model folder. */
export type Manifest = SharedPrefixManifest | PairsManifest
export interface SharedPrefixManifest extends AnyManifest {
  layout: 'shared-prefix'
  maxTokens: { prefix: number; choice: number }
}
export interface PairsManifest extends AnyManifest {
  layout: 'pairs'
  /** Tokens of one pair, special tokens included. */
  maxTokens: { pair: number }
  /** Of architecture 'onnx', and of no other: how its weight file, an .onnx file, is fed. */
  graph?: PlainGraph
}
/** What an .onnx file asks for. Its logits are one number for each pair. */
export interface PlainGraph {
  /** As transformers names them, in the file's order. */
  inputs: { name: PlainInput; type: 'int64' | 'int32' }[]
  /** Of the inputs: 3 for [batch, choices, sequence], 2 for [batch, sequence]. */
  rank: 2 | 3
  /** Axes of the inputs that have one size only; the others are free. */
  fixed?: FixedAxes
  /** The name of the output that holds the logits. */
  output: string
  /** The token that fills a batch up. */
  padId: number
  /** Names of the files beside it that hold its weights. */
  data: string[]
}
export interface FixedAxes {
  batch?: number
  choices?: number
  sequence?: number
}
export type PlainInput = 'input_ids' | 'attention_mask' | 'token_type_ids' | 'position_ids' | 'global_attention_mask'
interface AnyManifest {
  format: 'pagewise-model/1'
  id: string
  title: string
  licence: string
  source: string
  architecture: Architecture
  /** The Hugging Face config. */
  config: Record<string, unknown>
  template: string
  files: ModelFile[]
  /** null where nobody could say what is right when the model was compiled. */
  selfTest: SelfTest | null
  scores: ManifestScore[]
}
export interface ModelFile {
  name: string
  /** Present on weight files. */
  precision?: Precision
  bytes: number
  sha256: string
  chunkBytes: number
  chunkSha256: string[]
}
export interface SelfTest {
  question: { prompt: string; options: string[]; context: string | null }
  /** Logits of the reference (PyTorch, or the graph in fp32 when the model was compiled), one per option. */
  logits: number[]
  /** Largest absolute error by which a device is still accepted, for each precision. */
  tolerance: Partial<Record<Precision, number>>
}
export interface ManifestScore {
  set: string
  metric: string
  value: number
  interval: [number, number]
  n: number
}
