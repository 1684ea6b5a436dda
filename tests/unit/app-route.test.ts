import { describe, expect, test } from 'vitest'
import { formatRoute, parseRoute, rowOfRoute } from '../../src/app/state/route'

describe('addresses of the page', () => {
  test('an empty hash is the Answer screen', () => {
    expect(parseRoute('')).toEqual({ screen: 'answer', parts: [] })
  })
  test('the parts of a screen follow it', () => {
    expect(parseRoute('#answer/done/row-4')).toEqual({ screen: 'answer', parts: ['done', 'row-4'] })
  })
  test('an unknown screen is the Answer screen without parts', () => {
    expect(parseRoute('#nonsense/done')).toEqual({ screen: 'answer', parts: [] })
  })
  test('a broken escape is taken as it stands', () => {
    expect(parseRoute('#library/%E0%A4%A')).toEqual({ screen: 'library', parts: ['%E0%A4%A'] })
  })
  test('an address is read back as it was written', () => {
    const parts = ['report', 'a/b c', '中文']
    expect(parseRoute(formatRoute('evaluate', parts))).toEqual({ screen: 'evaluate', parts })
  })
  test('a row part names a row from 1', () => {
    expect(['row-4', 'row-0', 'row-x', 'done'].map((part) => rowOfRoute({ screen: 'answer', parts: [part] }))).toEqual([
      4,
      null,
      null,
      null,
    ])
  })
})
