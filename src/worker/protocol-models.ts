// What the page can ask about models: the embedded one and the visitor's own. Part of the protocol; see protocol.ts.
import type { Progress } from '../core/ports'
import type { Arithmetic, Device, Manifest, Precision } from '../core/types'
import type { ModelSummary } from '../jobs/inspect-model'

export interface ModelChoice {
  /** From `models.list`; 'default' is the embedded one. */
  modelId: string
  precision: Precision
  device: 'auto' | Device
  arithmetic: Arithmetic
  /** 0: as many as help. */
  workers: number
}

export interface ModelEntry {
  modelId: string
  title: string
  isEmbedded: boolean
  precisions: { precision: Precision; bytes: number; storedBytes: number }[]
  manifest: Manifest
  /** Milliseconds since 1970; null for the embedded one. */
  createdAt: number | null
}

/** Files, with their folders in their names, or an address that the visitor typed. */
export type ModelSource = { files: { name: string; blob: Blob }[] } | { address: string }

/** What is known of somebody's model before anything is made of it. */
export type ModelView = ModelSummary
export interface ModelParams {
  source: ModelSource
  title: string
  /** null: as it is, for an .onnx file and a folder. */
  precision: Precision | null
  /** null: what the model usually reads. */
  maxTokens: number | null
}
/** fetching: from an address; reading: config, tokenizer and names of weights; writing (bytes); testing: the self-test is made. */
export interface ModelProgress extends Progress {
  phase: 'fetching' | 'reading' | 'writing' | 'testing'
}
export interface ModelSpeed {
  device: Device
  /** Questions a second. */
  rate: number
}

export interface ModelCalls {
  'models.list': { params: null; event: never; result: ModelEntry[] }
  /** Deletes the stored weights of the embedded model; they are fetched again when they are needed. */
  'models.delete': { params: { modelId: string; precision: Precision }; event: never; result: null }
  /** Refuses in one sentence what cannot run. From an address it fetches the files, which stay until `models.add` or `models.letGo`. */
  'models.inspect': { params: ModelSource; event: ModelProgress; result: ModelView }
  /** Makes a model of what was inspected, and lists it. Aborting leaves nothing behind. */
  'models.add': { params: ModelParams; event: ModelProgress; result: ModelEntry }
  /** Deletes what was fetched from an address. */
  'models.letGo': { params: { address: string }; event: never; result: null }
  /** An own model as one file: a tar of its folder. */
  'models.export': { params: { modelId: string }; event: never; result: Blob }
  /** An own model as a folder in a directory that the visitor picked; the folder's name. Aborting leaves nothing behind. */
  'models.exportFolder': { params: { modelId: string; directory: FileSystemDirectoryHandle }; event: Progress; result: { folder: string } }
  'models.rename': { params: { modelId: string; title: string }; event: never; result: null }
  /** Deletes an own model for good. */
  'models.remove': { params: { modelId: string }; event: never; result: null }
}
