// What somebody's model is, told before any work: everything that compiling would refuse is refused here, and the sizes are those that the weight files
// will have, computed from names and shapes.
import { openCheckpoint, type ByteSource } from '../core/checkpoint'
import { planWeightFile } from '../core/checkpoint/weight-file'
import { openOnnxModel } from '../core/onnx-file'
import type { Architecture, Layout, Precision } from '../core/types'
import { mostPairTokens, pairTokens } from './compile-model'

export interface ModelSummary {
  /** A checkpoint is compiled; an .onnx file is kept as it is; a folder was compiled before. */
  kind: 'checkpoint' | 'onnx' | 'folder'
  title: string
  architecture: Architecture
  /** null where the config does not say. */
  layers: number | null
  width: number | null
  vocabulary: number | null
  layout: Layout
  /** A classifier of sequences with one label, not a multiple-choice model: it scores pairs just as well. */
  isPairScorer: boolean
  licence: string | null
  /** Of a question with one option: what it reads unless something else is asked for, and the most that can be. */
  tokens: { usual: number; most: number }
  /** Bytes of the weights in every precision that it can be kept in. */
  sizes: { precision: Precision; bytes: number }[]
  /** Bytes of all files. */
  bytes: number
}
const PRECISIONS = ['q8', 'q4', 'fp16', 'fp32'] as const satisfies Precision[]

/** `place`: what people call what was chosen. Throws what openCheckpoint and openOnnxModel throw. */
export async function inspectModel(place: string, sources: readonly ByteSource[]): Promise<ModelSummary> {
  const onnx = await openOnnxModel(place, sources)
  const model = onnx ?? (await openCheckpoint(place, sources))
  const { config, licence } = model
  const described = {
    title: titleOf(config),
    ...describeConfig(config),
    layout: 'pairs' as const,
    licence,
    tokens: { usual: pairTokens(model, null), most: mostPairTokens(model) },
    bytes: sources.reduce((sum, source) => sum + source.bytes, 0),
  }
  if ('graph' in model) {
    const bytes = model.files.reduce((sum, { source }) => sum + source.bytes, 0)
    const isPairScorer = model.graph.rank === 2
    return { kind: 'onnx', architecture: 'onnx', isPairScorer, sizes: [{ precision: model.precision, bytes }], ...described }
  }
  const sizes = PRECISIONS.map((precision) => ({ precision, bytes: planWeightFile(model.weights, precision).bytes }))
  return { kind: 'checkpoint', architecture: model.architecture, isPairScorer: isClassifier(config), sizes, ...described }
}

export function describeConfig(config: Record<string, unknown>): Pick<ModelSummary, 'layers' | 'width' | 'vocabulary'> {
  const count = (name: string): number | null => (Number.isSafeInteger(config[name]) ? (config[name] as number) : null)
  return { layers: count('num_hidden_layers'), width: count('hidden_size'), vocabulary: count('vocab_size') }
}

/** openCheckpoint lets a classifier pass where it has one label. */
function isClassifier(config: Record<string, unknown>): boolean {
  const names = config['architectures']
  return Array.isArray(names) && typeof names[0] === 'string' && names[0].endsWith('ForSequenceClassification')
}

/** The last part of "owner/name", or of the folder that it was saved from. */
function titleOf(config: Record<string, unknown>): string {
  const name = config['_name_or_path']
  if (typeof name !== 'string') return ''
  const last = name.replace(/[\\/]+$/, '').replace(/^.*[\\/]/, '')
  return /^[\w .+-]{2,80}$/.test(last) && !last.startsWith('.') ? last : ''
}
