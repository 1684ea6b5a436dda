import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MessageWriter } from '../../src/core/compile/protobuf'
import { readMessage, type Field } from './compile-protobuf'

describe('MessageWriter', () => {
  it('writes the examples of the wire format’s description', () => {
    const inner = new MessageWriter().int(1, 150)
    expect([...inner.finish()]).toEqual([0x08, 0x96, 0x01])
    expect([...new MessageWriter().string(2, 'testing').finish()]).toEqual([0x12, 7, ...new TextEncoder().encode('testing')])
    expect([...new MessageWriter().message(3, inner).finish()]).toEqual([0x1a, 3, 0x08, 0x96, 0x01])
  })
  it('writes a negative number as ten bytes', () => {
    expect([...new MessageWriter().int(1, -2).finish()]).toEqual([0x08, 0xfe, 255, 255, 255, 255, 255, 255, 255, 255, 1])
  })
  it('writes what a slow reader reads back', () => {
    const value = fc.oneof(
      fc.maxSafeInteger(),
      fc.uint8Array({ maxLength: 300 }),
      fc.float({ noNaN: true }).map((f) => ({ f })),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), value)), (fields) => {
        const writer = new MessageWriter()
        const expected: Field[] = []
        for (const [number, v] of fields) {
          if (typeof v === 'number') writer.int(number, v)
          else if (v instanceof Uint8Array) writer.bytes(number, v)
          else writer.float(number, v.f)
          expected.push([number, typeof v === 'number' ? BigInt(v) : v instanceof Uint8Array ? v : v.f])
        }
        const plain = (list: Field[]): unknown[] => list.map(([n, v]) => [n, v instanceof Uint8Array ? [...v] : v])
        expect(plain(readMessage(writer.finish()))).toEqual(plain(expected))
      }),
    )
  })
  it('refuses a number that it could not write exactly', () => {
    expect(() => new MessageWriter().int(1, 2 ** 53)).toThrow('internal')
  })
})
