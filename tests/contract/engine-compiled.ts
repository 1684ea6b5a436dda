// Weight files of the tiny checkpoints in every precision, and what their rounded numbers are, by the table of docs/architecture.md.
import { openCheckpoint } from '../../src/core/checkpoint'
import { readSafetensors } from '../../src/core/compile/safetensors'
import type { Precision } from '../../src/core/types'
import { fixtureSources } from '../unit/checkpoint-source'
import { halfOf } from '../unit/engine-bench'
import { writeTinyModel, type TinyModel } from '../unit/engine-tiny-model'
import { weightsIn } from './weights-in'

/** The weight file that compiling the checkpoint makes. */
export async function compileWeights(folder: string, precision: Precision): Promise<Uint8Array> {
  return weightsIn((await openCheckpoint(folder, fixtureSources(folder))).weights, precision)
}

/** The same numbers in a file of fp32. */
export function widenWeights(file: Uint8Array): Uint8Array {
  const { tensors } = readSafetensors('weights', file, file.length)
  const model: TinyModel = new Map()
  for (const [name, { type, shape, offset, bytes }] of tensors) {
    if (name.endsWith('.scales')) continue
    const data = file.slice(offset, offset + bytes)
    const scalesAt = tensors.get(`${name}.scales`)
    const scales = scalesAt ? halves(file.slice(scalesAt.offset, scalesAt.offset + scalesAt.bytes)) : []
    if (type === 'F32') model.set(name, { shape, values: new Float32Array(data.buffer) })
    else if (type === 'F16') model.set(name, { shape, values: Float32Array.from(halves(data)) })
    else if (type === 'I8') model.set(name, { shape, values: scaled([...new Int8Array(data.buffer)], scales) })
    else {
      const isByte = bytes === scales.length * 32
      const codes = isByte ? [...data].map((code) => code - 128) : [...data].flatMap((code) => [(code & 15) - 8, (code >> 4) - 8])
      const [rows = 0] = shape
      model.set(name, { shape: [rows, codes.length / rows], values: scaled(codes, scales) })
    }
  }
  return writeTinyModel(model, 'fp32')
}

const halves = (data: Uint8Array): number[] => [...new Uint16Array(data.buffer)].map(halfOf)
/** Codes in as many runs of the same length as there are scales. */
const scaled = (codes: readonly number[], scales: readonly number[]): Float32Array =>
  Float32Array.from(codes, (code, i) => code * (scales[Math.floor((i * scales.length) / codes.length)] ?? NaN))
