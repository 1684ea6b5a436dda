import fc from 'fast-check'
import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { guessDelimiter, parseCsv } from '../../src/core/dataset/parse-csv'
import { csvLine } from '../../src/core/submit/write-csv'

function rowsOf(text: string, delimiter = ','): string[][] {
  const rows: string[][] = []
  parseCsv(text, delimiter, (cells) => rows.push(cells) > 0)
  return rows
}

/** Cells that exercise every special character. */
const cell = fc.string({ unit: fc.constantFrom('a', 'b', ' ', ',', ';', '\t', '"', '\n', '\r', "'", '中', '😀', '\\'), maxLength: 8 })
const table = fc
  .integer({ min: 2, max: 5 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }))

describe('parseCsv', () => {
  it('gives back the cells that were written', () => {
    fc.assert(fc.property(table, (rows) => void expect(rowsOf(rows.map(csvLine).join('') + '\n')).toEqual(rows)))
  })

  it('reads what PapaParse writes as PapaParse reads it, whatever the delimiter and the line end', () => {
    const options = fc.record({ delimiter: fc.constantFrom(',', ';', '\t'), newline: fc.constantFrom('\n', '\r\n'), quotes: fc.boolean() })
    // PapaParse cannot tell a quoted CR at the end of a cell from a line end it was not told about; it is told here.
    fc.assert(
      fc.property(table, options, (rows, { delimiter, newline, quotes }) => {
        const text = Papa.unparse(rows, { delimiter, newline, quotes })
        const oracle = Papa.parse<string[]>(text, { delimiter, newline }).data.filter((row) => row.length > 1)
        expect(rowsOf(text + newline, delimiter)).toEqual(oracle)
      }),
    )
  })

  it('ends lines with LF or CRLF, mixed as they come', () => {
    expect(rowsOf('a,b\r\n1,2\n3,"4"\r\n5,6')).toEqual([
      ['a', 'b'],
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
    ])
  })

  it('ends lines with CR in a file without LF', () => {
    expect(rowsOf('a,b\r1,"2"\r')).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ])
  })

  it('keeps line breaks, delimiters and doubled quotation marks inside a quoted cell', () => {
    expect(rowsOf('1,"x\r\ny, ""z"""\n2,""\n')).toEqual([
      ['1', 'x\r\ny, "z"'],
      ['2', ''],
    ])
  })

  it('keeps outer spaces of a cell', () => {
    expect(rowsOf('1, x ,"  y"\n')).toEqual([['1', ' x ', '  y']])
  })

  it('skips blank lines, and keeps lines of empty cells', () => {
    expect(rowsOf('a,b\n\n  \n,\n1,2\n\n')).toEqual([
      ['a', 'b'],
      ['', ''],
      ['1', '2'],
    ])
  })

  it('reads a quotation mark that is never closed as a plain character and loses no row', () => {
    const broken: boolean[] = []
    const rows: string[][] = []
    parseCsv('1,"open,x\n2,"y",z\n3,a,b\n', ',', (cells, row) => rows.push(cells) > 0 && broken.push(row.isQuoteBroken) > 0)
    expect({ rows, broken }).toEqual({
      rows: [
        ['1', '"open', 'x'],
        ['2', 'y', 'z'],
        ['3', 'a', 'b'],
      ],
      broken: [true, false, false],
    })
  })

  it('keeps a cell that opens with a quoted word on its line', () => {
    expect(rowsOf('1,"Mass" is, a\n2,"b",c\n')).toEqual([
      ['1', '"Mass" is', ' a'],
      ['2', 'b', 'c'],
    ])
  })

  it('keeps unescaped quotation marks inside a quoted cell', () => {
    expect(rowsOf('1,"He said "hi" to me",x\n2,b,c\n')).toEqual([
      ['1', '"He said "hi" to me"', 'x'],
      ['2', 'b', 'c'],
    ])
  })

  it('never reads fewer rows than there are lines without a quoted line break', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ',', ' ', '"a'), minLength: 1, maxLength: 8 }).map((text) => 'x' + text)
    fc.assert(fc.property(fc.array(line, { minLength: 1 }), (lines) => void expect(rowsOf(lines.join('\n')).length).toBe(lines.length)))
  })

  it.each([
    ['a quotation mark in every cell', '"x'.repeat(1_000_000)],
    ['an open cell in every row', 'a,"b\n'.repeat(500_000)],
    ['half-closed cells on one line', ',""a'.repeat(500_000)],
    ['only quotation marks', '"'.repeat(2_000_001)],
    ['marks and spaces', '" '.repeat(1_000_000)],
    ['open cells of paired marks', ',"a""b'.repeat(300_000)],
  ])('takes linear time for %s', (_, text) => {
    const startedAt = performance.now()
    rowsOf(text)
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })
})

describe('guessDelimiter', () => {
  it.each([
    ['id,prompt,A\n1,"x;y;z",b\n', ','],
    ['id;prompt;A\n1;what, really, is it;b\n', ';'],
    ['id\tprompt\tA\n1\twhat, or; who\tb\n', '\t'],
    ['one\ntwo\n', ','],
  ])('of %j is %j', (text, delimiter) => expect(guessDelimiter(text)).toBe(delimiter))
})
