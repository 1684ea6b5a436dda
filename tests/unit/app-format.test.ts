import { describe, expect, test } from 'vitest'
import { makeFormat } from '../../src/app/text'

const f = makeFormat('en')

describe('numbers as people read them', () => {
  test('bytes have decimal units and two or three digits', () => {
    expect([0, 724, 2_100, 61_200, 999_400, 999_600, 23_900_000, 1_200_000_000].map((bytes) => f.bytes(bytes))).toEqual([
      '0 B',
      '724 B',
      '2.1 kB',
      '61 kB',
      '999 kB',
      '1.0 MB',
      '24 MB',
      '1.2 GB',
    ])
  })
  test('a part of an amount has the unit of the whole', () => {
    expect(f.bytesOf(400_000, 23_000_000)).toEqual(['0.4', '23.0 MB'])
  })
  test('durations are seconds under a minute, then minutes and seconds, then hours and minutes', () => {
    expect([0.04, 0.42, 1, 19.4, 59.6, 65, 3_600, 7_505].map((seconds) => f.duration(seconds))).toEqual([
      '0.04 s',
      '0.4 s',
      '1 s',
      '19 s',
      '1 min 00 s',
      '1 min 05 s',
      '1 h 00 min',
      '2 h 05 min',
    ])
  })
  test('speeds have two digits', () => {
    expect([0.314, 6.24, 29.1].map((rate) => f.rate(rate))).toEqual(['0.31', '6.2', '29'])
  })
})
