import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerEnd, readSafetensors } from '../../src/core/compile/safetensors'
import { AppError } from '../../src/core/errors'
import { safetensorsFile, withHeader, type Part } from './compile-file'

const parts: Part[] = [
  { name: 'a', type: 'F16', shape: [2, 3], bytes: new Uint8Array(12).fill(1) },
  { name: 'empty', type: 'F32', shape: [0], bytes: new Uint8Array(0) },
  { name: 'b', type: 'U8', shape: [5], bytes: new Uint8Array(5).fill(2) },
  { name: 'scalar', type: 'F32', shape: [], bytes: new Uint8Array(4).fill(3) },
]
const read = (file: Uint8Array) => readSafetensors('w.safetensors', file, file.length)

/** The reason that the error names. */
function reasonOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    if (error instanceof AppError && error.code === 'weights_damaged' && error.detail['file'] === 'w.safetensors')
      return error.detail['reason']
    throw error
  }
  return 'accepted'
}
const spoiled = (change: (header: Record<string, Record<string, unknown>>) => void): unknown =>
  reasonOf(() => read(safetensorsFile(parts, (header) => { change(header as Record<string, Record<string, unknown>>) }))) // prettier-ignore

describe('readSafetensors', () => {
  it('says where in the file every tensor lies', () => {
    const file = safetensorsFile(parts)
    const { tensors } = read(file)
    expect(
      parts.map(({ name }) => [name, [...file.slice(tensors.get(name)!.offset, tensors.get(name)!.offset + tensors.get(name)!.bytes)]]),
    ).toEqual(parts.map(({ name, bytes }) => [name, [...bytes]]))
  })
  it('passes over the metadata', () => {
    const file = safetensorsFile(parts, (header) => (header['__metadata__'] = { format: 'pt' }))
    expect([...read(file).tensors.keys()]).toEqual(['a', 'empty', 'b', 'scalar'])
  })
  it.each([
    ['a file shorter than a header', () => read(new Uint8Array(7)), 'it has 7 bytes, fewer than a header'],
    ['a header of an absurd length', () => read(new Uint8Array(9).fill(255)), 'its header claims 18446744073709552000 bytes'],
    [
      'a header longer than the file',
      () => read(safetensorsFile(parts).slice(0, 100)),
      /^its header claims \d+ bytes, but the file has 100$/,
    ],
    ['a header that is not JSON', () => read(withHeader('{"a":')), 'its header is not JSON'],
    ['a header that is no object', () => read(withHeader('[1]')), 'its header is not a JSON object'],
    ['a file cut inside its data', () => read(safetensorsFile(parts).slice(0, -1)), /^its tensors end at byte \d+, the file at \d+$/],
    ['a file with something behind its data', () => read(Uint8Array.from([...safetensorsFile(parts), 0])), /^its tensors end at byte/],
  ])('refuses %s', (_, run, reason) => {
    expect(reasonOf(run)).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason))
  })
  it.each<[string, (header: Record<string, Record<string, unknown>>) => void, string]>([
    ['an unknown type', (h) => (h['a']!['dtype'] = 'F4'), 'a has the unknown type F4'],
    ['a type that every object has', (h) => (h['a']!['dtype'] = 'toString'), 'a has the unknown type toString'],
    ['a negative size', (h) => (h['a']!['shape'] = [-2, -3]), 'a has no usable shape'],
    ['a shape that does not fill its bytes', (h) => (h['a']!['shape'] = [2, 4]), 'a spans 12 bytes, its shape needs 16'],
    ['a missing offset', (h) => (h['a']!['data_offsets'] = [0]), 'a has no usable offsets'],
    ['overlapping tensors', (h) => (h['b']!['data_offsets'] = [11, 16]), 'b overlaps the tensor before it'],
    ['a hole between tensors', (h) => (h['b']!['data_offsets'] = [13, 18]), 'there is a hole before b'],
    ['a tensor beyond the file', (h) => (h['scalar']!['data_offsets'] = [1e6, 1e6 + 4]), 'there is a hole before scalar'],
    ['an entry that is no object', (h) => (h['a'] = null as unknown as Record<string, unknown>), 'a is not described by an object'],
  ])('refuses %s', (_, change, reason) => {
    expect(spoiled(change)).toBe(reason)
  })
  it('either refuses a changed file or gives tensors that lie inside it, without a crash', () => {
    const file = safetensorsFile(parts)
    const end = headerEnd('w.safetensors', file)
    const change = fc.array(fc.tuple(fc.nat(end - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(change, fc.nat(file.length), (changes, length) => {
        const bytes = file.slice()
        for (const [at, value] of changes) bytes[at] = value
        const cut = bytes.slice(0, length)
        try {
          for (const { offset, bytes: size } of read(cut).tensors.values()) expect(offset >= 8 && offset + size <= cut.length).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ code: 'weights_damaged' })
        }
      }),
      { numRuns: 1000 },
    )
  })
})
