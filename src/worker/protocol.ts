// Everything the page can ask of the worker: call -> params, events, result. One map, so that client and server cannot disagree.
// A call is cancelled by its AbortSignal and then rejects with AppError `aborted`; params and results survive structuredClone.
import type { Edits, Mapping } from '../core/dataset/types'
import type { Evaluation } from '../core/evaluate/types'
import type { Progress, RunRecord } from '../core/ports'
import type { Answer, Arithmetic, Device, Manifest, PassageHit, Precision, Problem, Question } from '../core/types'

export interface ModelChoice {
  /** From `models.list`; 'default' is the embedded one. */
  modelId: string
  precision: Precision
  device: 'auto' | Device
  arithmetic: Arithmetic
  /** 0: as many as help. */
  workers: number
}

export interface ModelState {
  modelId: string
  title: string
  precision: Precision
  arithmetic: Arithmetic
  device: Device
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
}

export interface ModelEntry {
  modelId: string
  title: string
  isEmbedded: boolean
  precisions: { precision: Precision; bytes: number; storedBytes: number }[]
  manifest: Manifest
}

export interface OpenBook {
  /** 'off' or a library's id. */
  library: string
  passages: number
  words: number
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
export interface Protocol {
  'models.list': { params: null; event: never; result: ModelEntry[] }
  /** Loads (or switches to) a model; calling it again with the same choice is free. */
  'models.load': { params: ModelChoice; event: LoadProgress; result: ModelState }
  'models.delete': { params: { modelId: string; precision: Precision }; event: never; result: null }
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
