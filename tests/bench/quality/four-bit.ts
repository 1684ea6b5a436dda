// The embedded model is served without a 4-bit file where that lost too much. For the table one is made of the fp16 file, rounded to nearest;
// what the 8-bit file keeps in blocks or by row is kept so here too.
import type { Role } from '../../../src/core/checkpoint/blueprint'
import { planWeightFile, weightBytes, type Weight } from '../../../src/core/checkpoint/weight-file'
import { readSafetensors, type StoredTensor } from '../../../src/core/compile/safetensors'

/** Bytes of the 4-bit file. `half`, `eight`: the files of those precisions. */
export async function fourBitFile(half: Uint8Array, eight: Uint8Array): Promise<Uint8Array> {
  const roles = readSafetensors('q8', eight, eight.length).tensors
  const source = {
    name: 'fp16',
    bytes: half.length,
    read: (offset: number, length: number) => Promise.resolve(half.slice(offset, offset + length)),
  }
  const weights = [...readSafetensors('fp16', half, half.length).tensors].map(([name, { type, shape, offset }]): Weight => ({
    expected: { name, shape, role: roleOf(roles.get(name)) },
    source: { name, type, shape, source, offset },
  }))
  const { header, bytes, order } = planWeightFile(weights, 'q4')
  const file = new Uint8Array(bytes)
  file.set(header)
  let at = header.length
  for (const weight of order) {
    for await (const piece of weightBytes(weight, 'q4')) {
      file.set(piece, at)
      at += piece.length
    }
  }
  return file
}

function roleOf(stored: StoredTensor | undefined): Role {
  if (stored?.type === 'U8') return 'linear'
  return stored?.type === 'I8' ? 'words' : 'other'
}
