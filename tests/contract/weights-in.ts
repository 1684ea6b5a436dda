// The weight file of a precision, as compiling a checkpoint makes it, in memory. Used in Node and, bundled, in the browser.
import type { Checkpoint } from '../../src/core/checkpoint'
import { planWeightFile, weightBytes } from '../../src/core/checkpoint/weight-file'
import type { Precision } from '../../src/core/types'

export async function weightsIn(weights: Checkpoint['weights'], precision: Precision): Promise<Uint8Array<ArrayBuffer>> {
  const { header, bytes, order } = planWeightFile(weights, precision)
  const file = new Uint8Array(bytes)
  file.set(header)
  let at = header.length
  for (const weight of order) {
    for await (const piece of weightBytes(weight, precision)) {
      file.set(piece, at)
      at += piece.length
    }
  }
  return file
}
