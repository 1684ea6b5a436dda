import { describe, expect, it } from 'vitest'
import { openEmbedding, readEmbedding, type EmbeddingTables } from '../../src/core/compile/embedding'
import { readSafetensors, type StoredType } from '../../src/core/compile/safetensors'
import { safetensorsFile, type Part } from './compile-file'

const NAME = (table: string): string => `deberta.embeddings.${table}_embeddings.weight`
const tables: EmbeddingTables = {
  hidden: 2,
  words: { name: NAME('word'), rows: 3 },
  positions: { name: NAME('position'), rows: 4, first: 0 },
  types: { name: NAME('token_type'), rows: 2 },
}
const bytesOf = (array: Float32Array | Int8Array | Uint16Array): Uint8Array => new Uint8Array(array.buffer)
const part = (table: string, type: StoredType, shape: number[], values: Float32Array | Int8Array | Uint16Array): Part => ({
  name: `deberta.embeddings.${table}`,
  type,
  shape,
  bytes: bytesOf(values),
})
const POSITIONS = part('position_embeddings.weight', 'F32', [4, 2], Float32Array.of(0, 0, 10, 20, 30, 40, 50, 60))
const TYPES = part('token_type_embeddings.weight', 'F32', [2, 2], Float32Array.of(0.5, -0.5, 0.25, 0))

function row(words: Part[], id: number, position: number, type = 0, asked = tables): number[] {
  const file = safetensorsFile([...words, POSITIONS, TYPES])
  const out = new Float32Array(3)
  openEmbedding(readSafetensors('w', file, file.length), file, asked).write(id, position, type, out, 1)
  return [...out]
}

describe('openEmbedding', () => {
  it('adds word, position and type, at the place it is told', () => {
    expect(row([part('word_embeddings.weight', 'F32', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6))], 1, 2)).toEqual([0, 33.5, 43.5])
  })
  it('knows the types of tokens', () => {
    expect(row([part('word_embeddings.weight', 'F32', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6))], 1, 2, 1)).toEqual([0, 33.25, 44])
  })
  it('counts positions from the first row that is used', () => {
    const shifted = { ...tables, positions: { ...tables.positions!, first: 2 } }
    expect(row([part('word_embeddings.weight', 'F32', [3, 2], new Float32Array(6))], 1, 0, 0, shifted)).toEqual([0, 30.5, 39.5])
  })
  it('scales 8-bit words by row', () => {
    const words = part('word_embeddings.weight', 'I8', [3, 2], Int8Array.of(1, 2, -3, 4, 5, 6))
    const scales = part('word_embeddings.weight.scales', 'F16', [3], Uint16Array.of(0x3c00, 0x4000, 0x3800)) // 1, 2, 0.5
    expect(row([words, scales], 1, 0)).toEqual([0, -5.5, 7.5])
  })
  it.each<[string, StoredType, number, number]>([
    ['one', 'F16', 0x3c00, 1],
    ['a negative half', 'F16', 0xbe00, -1.5],
    ['the largest half', 'F16', 0x7bff, 65504],
    ['the smallest half', 'F16', 0x0001, 2 ** -24],
    ['a third as half', 'F16', 0x3555, 0.333251953125],
    ['a bfloat', 'BF16', 0xc049, -3.140625],
  ])('reads %s', (_, type, bits, value) => {
    expect(row([part('word_embeddings.weight', type, [3, 2], Uint16Array.of(bits, 0, 0, 0, 0, 0))], 0, 0)[1]).toBe(Math.fround(value + 0.5))
  })
  it('gives a position past the table its last row', () => {
    expect(row([part('word_embeddings.weight', 'F32', [3, 2], new Float32Array(6))], 0, 9)).toEqual([0, 50.5, 59.5])
  })
  it('refuses a table that the config does not describe', () => {
    const words = part('word_embeddings.weight', 'F32', [2, 3], new Float32Array(6))
    expect(() => row([words], 0, 0)).toThrow('deberta.embeddings.word_embeddings.weight is [2,3], the config asks for [3,2]')
  })
})

describe('readEmbedding', () => {
  const WORDS = part('word_embeddings.weight', 'I8', [3, 2], Int8Array.of(1, 2, -3, 4, 5, 6))
  const SCALES = part('word_embeddings.weight.scales', 'F16', [3], Uint16Array.of(0x3c00, 0x4000, 0x3800))
  const file = safetensorsFile([WORDS, SCALES, POSITIONS, TYPES])
  const stored = readSafetensors('w', file, file.length)

  it.each([[[2]], [[2, 0]], [[1, 1, 2]], [[0, 1, 2]]])('gives tokens %j what the whole tables give them', async (ids) => {
    const read = (offset: number, length: number): Promise<Uint8Array> => Promise.resolve(file.slice(offset, offset + length))
    const some = await readEmbedding(stored, read, tables, ids)
    for (const id of ids) {
      const [expected, given] = [new Float32Array(2), new Float32Array(2)]
      openEmbedding(stored, file, tables).write(id, 1, 1, expected, 0)
      some.write(id, 1, 1, given, 0)
      expect(given).toEqual(expected)
    }
  })
  it('reads of the words only the rows of the tokens, each once, forwards', async () => {
    const { offset, bytes } = stored.tensors.get(NAME('word'))!
    const asked: number[][] = []
    const read = (from: number, length: number): Promise<Uint8Array> => {
      if (from >= offset && from < offset + bytes) asked.push([from - offset, length])
      return Promise.resolve(file.slice(from, from + length))
    }
    await readEmbedding(stored, read, tables, [2, 0, 2])
    expect(asked).toEqual([
      [0, 2],
      [4, 2],
    ])
  })
})
