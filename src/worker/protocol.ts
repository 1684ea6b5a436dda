// Everything the page can ask of the worker: call -> params, events, result. One map, so that client and server cannot disagree.
// A call is cancelled by its AbortSignal and then rejects with AppError `aborted`; params and results survive structuredClone.
import type { Edits, Mapping } from '../core/dataset/types'
import type { ErrorCode, ErrorDetail } from '../core/errors'
import type { Evaluation } from '../core/evaluate/types'
import type { Progress, RunRecord } from '../core/ports'
import type { Answer, Arithmetic, Device, PassageHit, Precision, Problem, Question } from '../core/types'
import type { ModelCalls, ModelChoice, ModelSpeed } from './protocol-models'

export type * from './protocol-models'

/** A larger model that is an .onnx file has no self-test: onnxruntime opens it whole and keeps the weights twice, which is too much for a tab. */
export const MOST_TESTED_ONNX_BYTES = 1.5e9
/** The place and the source of a model whose files came without a folder. */
export const NAMELESS = 'the chosen files'

export interface ModelState {
  modelId: string
  title: string
  precision: Precision
  arithmetic: Arithmetic
  device: Device
  /** Whether the GPU computes in half precision. */
  isHalf?: boolean
  workers: number
  /** Why this device: a code and values for the page's text table. */
  reason: { code: DeviceReason; detail: Record<string, string | number> }
  /** Questions a second in the opening race; null where a device was not raced. */
  speeds: { cpu: number | null; webgpu: number | null }
  weightBytes: number
  /** false: nothing is kept after the page closes (private window, storage refused). */
  isKept: boolean
  isIsolated: boolean
  loadSeconds: number
}
export const DEVICE_REASONS = [
  'chosen', // the visitor chose it                                  {}
  'cpu_first', // there is a GPU; a long file is raced on it when it starts  {}
  'cpu_quick', // the whole file takes the CPU a few seconds          {seconds}
  'gpu_faster', // {webgpu, cpu} questions a second
  'cpu_faster', // {webgpu, cpu}
  'gpu_missing', // no WebGPU in this browser or no adapter          {}
  'gpu_software', // the only adapter is a software one               {}
  'gpu_failed', // self-test or session failed                       {message}
] as const
export type DeviceReason = (typeof DEVICE_REASONS)[number]

export interface LoadProgress extends Progress {
  /** checking: reading the store; fetching: over the network (bytes); unpacking; testing: self-test and race. */
  phase: 'checking' | 'fetching' | 'unpacking' | 'testing'
  /** Set where it is not the model that is loaded. */
  subject?: 'library'
}

export interface OpenBook {
  /** 'off' or a library's id, from `library.list`. */
  library: string
  passages: number
  /** Look passages up also for rows that have a context of their own. */
  isAlsoWithContext: boolean
}
/** What a run reads unless somebody chooses otherwise; measured in docs/benchmarks.md. */
export const DEFAULT_OPEN_BOOK: OpenBook = { library: 'openstax', passages: 5, isAlsoWithContext: false }

export interface LibraryEntry {
  id: string
  title: string
  isEmbedded: boolean
  licence: string
  source: string
  passages: number
  textBytes: number
  bytes: number
  storedBytes: number
  /** null for the embedded one. */
  createdAt: number | null
}
/** Those that can be read, and why the others of libraries/registry.json cannot. */
export interface LibraryList {
  entries: LibraryEntry[]
  unreadable: { id: string; refusal: { code: ErrorCode; detail: ErrorDetail } }[]
}
/** What is known of dropped files before they are indexed. */
export interface CorpusView {
  /** `refusal`: why a file is left out, as the code and values of its sentence. */
  files: { name: string; bytes: number; kind: string; refusal: { code: ErrorCode; detail: ErrorDetail } | null }[]
  /** Columns of the tables among them; empty for plain texts. */
  columns: string[]
  textColumn: string | null
  titleColumn: string | null
  suggestedTitle: string
  /** First texts, cut to 200 characters. */
  samples: string[]
}
export interface CorpusParams {
  files: { name: string; blob: Blob }[]
  title: string
  textColumn: string | null
  titleColumn: string | null
}
/** In bytes of all files, with the file that is being read. */
export interface CorpusProgress extends Progress {
  /** 0-based. */
  file: number
  fileName: string
  /** 0 … 1 */
  fileShare: number
}
/** An embedder that the visitor brought; it turns passages and questions into vectors. */
export interface EmbedderEntry {
  id: string
  title: string
  dimensions: number
  bytes: number
  pooling: 'mean' | 'cls'
  maxTokens: number
  /** What its folder says, or what its family is trained with; `library.embed` takes them as they are then. */
  queryPrefix: string
  passagePrefix: string
}
/** The vectors of a library, finished where `done` is `total`. */
export interface VectorsView {
  embedderId: string
  embedderTitle: string
  dimensions: number
  done: number
  total: number
  bytes: number
  /** Searched beside the words. */
  isOn: boolean
  /** Made for an older version of the library's passages, and not searched. */
  isStale: boolean
  queryPrefix: string
  passagePrefix: string
}
export interface EmbedParams {
  /** The library. */
  id: string
  embedderId: string
  queryPrefix: string
  passagePrefix: string
}
export interface RunSettings {
  model: ModelChoice
  topK: number
  /** Words of a context that the model reads, chosen by sentence. */
  contextWords: number
  openBook: OpenBook
}

/** What the page shows of a file before and during a run. */
export interface FileView {
  fileName: string
  format: 'csv' | 'jsonl'
  delimiter: string | null
  encoding: string
  bytes: number
  columns: string[]
  rowCount: number
  /** First non-empty cell of each column, cut to 200 characters. */
  samples: string[]
  mapping: Mapping
  edits: Edits
  questionCount: number
  labelledCount: number
  contextCount: number
  /** Letters of the option columns. */
  letters: string[]
  problems: Problem[]
  /** Problems beyond the first 1,000 are counted only. */
  problemCount: number
  /** Not null: the run cannot start (no prompt column, fewer than two option columns). */
  blocker: { code: 'file_no_prompt' | 'file_no_options' | 'file_one_column'; detail: Record<string, string | number> } | null
}

/** The few numbers of a row that the table shows. */
export interface AnswerSummary {
  index: number
  letters: string[]
  ranking: number[]
  probabilities: number[]
  /** Place of the right option (1-based); null without a usable key. */
  place: number | null
}
export type RunEvent =
  | { kind: 'started'; runId: string; total: number; done: number }
  | { kind: 'answers'; answers: AnswerSummary[]; progress: Progress; mapAt3: number | null }
  /** The answers outlive the page no more; `reason`: what the browser says, null where it keeps nothing at all. */
  | { kind: 'unkept'; reason: string | null }

export interface RunSummary {
  runId: string
  status: RunRecord['status']
  done: number
  total: number
  seconds: number
  model: ModelState
  submissionBytes: number
  evaluation: Evaluation | null
  /** Rows that hold at least one passage the model read. */
  passageCount: number
  retrievalSeconds: number
  scoringSeconds: number
}

export interface RowView {
  question: Question
  answer: Answer | null
  problems: Problem[]
}
export type RowFilter = 'all' | 'low' | 'wrong' | 'problems'

export interface AskParams {
  model: ModelChoice
  prompt: string
  /** Two to eight; empty ones are left out of the ranking. */
  options: string[]
  context: string | null
  contextWords: number
  openBook: OpenBook
}
export interface AskResult {
  /** Letters of the non-empty options, in order. */
  letters: string[]
  answer: Answer
  seconds: number
  retrievalSeconds: number
  model: ModelState
}

export interface StorageView {
  usedBytes: number
  /** null where the browser does not say. */
  quotaBytes: number | null
  isPersisted: boolean
  isAvailable: boolean
}
export interface DeviceView {
  threads: number
  isIsolated: boolean
  hasRelaxedSimd: boolean
  gpu: { vendor: string; architecture: string; hasF16: boolean; isFallback: boolean } | null
}

/** call -> params, event (progress messages), result. */
export interface Protocol extends ModelCalls {
  /** Loads (or switches to) a model; calling it again with the same choice is free. */
  'models.load': { params: ModelChoice; event: LoadProgress; result: ModelState }
  /** Loads it too. */
  'models.measure': { params: ModelChoice; event: LoadProgress; result: ModelSpeed }
  'storage.view': { params: null; event: never; result: StorageView }
  'storage.clear': { params: null; event: never; result: null }
  'device.view': { params: null; event: never; result: DeviceView }

  'file.open': { params: { name: string; blob: Blob }; event: Progress; result: FileView }
  /** Applies a mapping and edits to the open file. */
  'file.change': { params: { mapping: Mapping; edits: Edits }; event: never; result: FileView }
  'file.close': { params: null; event: never; result: null }

  /** Answers the open file. Aborting it pauses: the run keeps what is answered. */
  'run.start': { params: RunSettings; event: RunEvent | LoadProgress; result: RunSummary }
  'run.resume': { params: { runId: string }; event: RunEvent | LoadProgress; result: RunSummary }
  /** Ends a paused run where it is ("Stop here"). */
  'run.stop': { params: { runId: string }; event: never; result: RunSummary }
  /** Opens a stored run: its file becomes the open file. */
  'run.open': {
    params: { runId: string }
    event: never
    result: { file: FileView; settings: RunSettings; summary: RunSummary; answers: AnswerSummary[] }
  }
  /** A stored run read beside the open file, which stays open: Evaluate and Compare use it. */
  'run.view': {
    params: { runId: string }
    event: never
    result: { fileName: string; settings: RunSettings; summary: RunSummary; answers: AnswerSummary[] }
  }
  /** Rows (0-based) of a stored run; the open file stays open. */
  'run.rows': { params: { runId: string; indices: number[] }; event: never; result: RowView[] }
  'library.list': { params: null; event: never; result: LibraryList }
  /** Fetches (the first time) and opens a library. */
  'library.load': { params: { id: string }; event: LoadProgress; result: LibraryEntry }
  'library.search': {
    params: { id: string; words: string; count: number }
    event: LoadProgress
    result: { hits: PassageHit[]; seconds: number }
  }
  'library.inspect': { params: { files: { name: string; blob: Blob }[] }; event: Progress; result: CorpusView }
  /** Indexes files into a new library. Aborting leaves nothing behind. */
  'library.add': { params: CorpusParams; event: CorpusProgress; result: LibraryEntry }
  /** Pauses the indexing of `library.add`, or lets it go on. */
  'library.hold': { params: { isHeld: boolean }; event: never; result: null }
  /** One file that holds a pack, as `library.export` gives it. */
  'library.import': { params: { name: string; blob: Blob }; event: CorpusProgress; result: LibraryEntry }
  'library.export': { params: { id: string }; event: never; result: Blob }
  'library.rename': { params: { id: string; title: string }; event: never; result: LibraryEntry }
  /** For the embedded one: forgets what is stored of it. */
  'library.delete': { params: { id: string }; event: never; result: null }

  'embedder.list': { params: null; event: never; result: EmbedderEntry[] }
  /** The files of an embedder's folder, names with their folders; it is tried on a text before it is kept. */
  'embedder.add': { params: { files: { name: string; blob: Blob }[] }; event: never; result: EmbedderEntry }
  'embedder.delete': { params: { id: string }; event: never; result: null }
  /** Makes the vectors of a library that are missing. Aborting pauses; the same call goes on. Another embedder or prefix begins anew. */
  'library.embed': { params: EmbedParams; event: Progress; result: VectorsView }
  /** null: the library has none. */
  'vectors.view': { params: { id: string }; event: never; result: VectorsView | null }
  'vectors.switch': { params: { id: string; isOn: boolean }; event: never; result: VectorsView | null }
  /** Also ends `library.embed`. */
  'vectors.delete': { params: { id: string }; event: never; result: null }

  'run.list': { params: null; event: never; result: RunRecord[] }
  'run.delete': { params: { runId: string }; event: never; result: null }
  'run.submission': { params: { runId: string }; event: never; result: Blob }
  'run.report': { params: { runId: string }; event: never; result: Blob }
  /** Indices (0-based) of the open file's rows that pass the filter and contain the text. */
  'rows.select': {
    params: { filter: RowFilter; search: string }
    event: never
    result: { indices: Uint32Array; counts: Record<RowFilter, number> }
  }
  'rows.read': { params: { indices: number[] }; event: never; result: RowView[] }

  ask: { params: AskParams; event: LoadProgress; result: AskResult }
}
export type Call = keyof Protocol
export type { PassageHit }
