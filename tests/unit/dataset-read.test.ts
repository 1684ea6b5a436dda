import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { guessMapping, NO_EDITS, readQuestions, readTable, type Table } from '../../src/core/dataset'
import { AppError } from '../../src/core/errors'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (text: string, name = 'quiz.csv'): Table => readTable(name, utf8(text))

function errorOf(action: () => unknown): AppError {
  try {
    action()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('did not throw')
}

function utf16(text: string, isLittle: boolean, hasMark: boolean): Uint8Array {
  const units = (hasMark ? '\uFEFF' : '') + text
  const bytes = new Uint8Array(units.length * 2)
  for (let i = 0; i < units.length; i++) new DataView(bytes.buffer).setUint16(i * 2, units.charCodeAt(i), isLittle)
  return bytes
}

const QUIZ = 'id,prompt,A,B\n1,What is α?,ein Maß,二\n'
const CELLS = [['1', 'What is α?', 'ein Maß', '二']]

describe('readTable', () => {
  it('reads a CSV', () => {
    const bytes = utf8(QUIZ)
    expect(readTable('quiz.csv', bytes)).toEqual({
      fileName: 'quiz.csv',
      format: 'csv',
      delimiter: ',',
      encoding: 'utf-8',
      bytes: bytes.length,
      columns: ['id', 'prompt', 'A', 'B'],
      rows: CELLS,
      problems: [],
    })
  })

  it('leaves a byte order mark out of the first header', () => expect(read('\uFEFF' + QUIZ).columns[0]).toBe('id'))

  it.each([
    [true, true, 'utf-16le'],
    [false, true, 'utf-16be'],
    [true, false, 'utf-16le'],
    [false, false, 'utf-16be'],
  ])('reads UTF-16 (little endian %s, with a mark %s)', (isLittle, hasMark, encoding) => {
    const table = readTable('quiz.csv', utf16(QUIZ, isLittle, hasMark))
    expect([table.encoding, table.rows]).toEqual([encoding, CELLS])
  })

  it('reads Chinese UTF-16 without a mark by its commas and line ends', () => {
    const text = 'id,题目,选项甲,选项乙\n' + '1,下列哪一个是行星,一颗恒星,地球\n'.repeat(20)
    expect(readTable('quiz.csv', utf16(text, true, false)).rows[0]).toEqual(['1', '下列哪一个是行星', '一颗恒星', '地球'])
  })

  it('falls back to Windows-1252', () => {
    const table = readTable(
      'quiz.csv',
      Uint8Array.from('id,prompt,A,B\n1,caf\xe9,\x93x\x94,\xfcber\n', (c) => c.charCodeAt(0)),
    )
    expect([table.encoding, table.rows, table.problems]).toEqual(['windows-1252', [['1', 'café', '“x”', 'über']], []])
  })

  it('reads GB18030, as Chinese spreadsheets save it', () => {
    const bytes = [...utf8('id,prompt,A,B\n1,'), 0xd0, 0xd0, 0xd0, 0xc7, ...utf8(',x,y\n')]
    const table = readTable('quiz.csv', Uint8Array.from(bytes))
    expect([table.encoding, table.rows]).toEqual(['gb18030', [['1', '行星', 'x', 'y']]])
  })

  it('stays with UTF-8 when few characters are damaged, and lists their rows', () => {
    const table = readTable('quiz.csv', Uint8Array.from([...utf8(QUIZ), ...utf8('2,x'), 0xff, ...utf8(',a,b\n')]))
    expect([table.encoding, table.problems]).toEqual(['utf-8', [{ row: 2, column: null, code: 'text_damaged', detail: {} }]])
  })

  it.each([';', '\t'])('reads cells separated by %j', (delimiter) => {
    const table = read(QUIZ.replaceAll(',', delimiter))
    expect([table.delimiter, table.rows]).toEqual([delimiter, CELLS])
  })

  it("takes Excel's hint of the delimiter", () =>
    expect(read('sep=;\r\nid;prompt,x;A;B\r\n1;2,3;4;5').rows).toEqual([['1', '2,3', '4', '5']]))

  it('fills short rows, cuts long ones, and lists both', () => {
    const table = read('id,prompt,A,B\n1,p\n2,p,a,b,c\n3,p,a,b,,\n')
    expect([table.rows, table.problems]).toEqual([
      [
        ['1', 'p', '', ''],
        ['2', 'p', 'a', 'b'],
        ['3', 'p', 'a', 'b'],
      ],
      [
        { row: 1, column: null, code: 'row_short', detail: { cells: 2, columns: 4 } },
        { row: 2, column: null, code: 'row_long', detail: { cells: 5, columns: 4 } },
      ],
    ])
  })

  it('lists a header that appears twice', () => {
    expect(read('id,A, A ,B\n1,2,3,4\n').problems).toEqual([{ row: null, column: 'A', code: 'header_duplicate', detail: { column: 'A' } }])
  })

  it('lists an unclosed quotation mark and keeps the rows after it', () => {
    const table = read('id,prompt,A,B\n1,"open,a,b\n2,p,c,d\n')
    expect([table.rows.length, table.problems]).toEqual([2, [{ row: 1, column: null, code: 'quote_unclosed', detail: {} }]])
  })

  it('stops when the signal is aborted', () => {
    expect(errorOf(() => readTable('quiz.csv', utf8(QUIZ), AbortSignal.abort())).code).toBe('aborted')
  })

  it('reports how much is read', () => {
    const bytes = utf8('id,prompt,A,B\n' + '1,p,a,b\n'.repeat(10_000))
    const done: number[] = []
    readTable('quiz.csv', bytes, undefined, (n) => done.push(n))
    expect(done).toEqual([14 + 4096 * 8, 14 + 8192 * 8, bytes.length])
  })

  it('reads 100,000 rows within seconds', () => {
    const line = 'What is the number of things that are known?,alpha beta,gamma delta,"epsilon, zeta",eta,theta,A\n'
    const bytes = utf8('id,prompt,A,B,C,D,E,answer\n' + Array.from({ length: 100_000 }, (_, i) => `${i},${line}`).join(''))
    const startedAt = performance.now()
    const table = readTable('quiz.csv', bytes)
    const { questions } = readQuestions(table, guessMapping(table), NO_EDITS)
    expect(questions.length).toBe(100_000)
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })

  it('reads a cell of 10 MB', () => {
    expect(read(`id,prompt,A,B\n1,"${'x""\n'.repeat(2_500_000)}",a,b\n`).rows[0]![1]!.length).toBe(7_500_000)
  })
})

describe('readTable on files that hold no questions', () => {
  it.each([
    ['nothing', '', 'file_empty'],
    ['a byte order mark only', '\uFEFF', 'file_empty'],
    ['blank lines', ' \n\r\n', 'file_empty'],
    ['a header only', 'id,prompt,A,B\n', 'file_header_only'],
    ['one column', 'prompt\nwhat\n', 'file_one_column'],
    ['a web page', '<!DOCTYPE html><html><body>Sign in, please</body></html>', 'file_binary'],
    ['an RTF document', '{\\rtf1\\ansi x}', 'file_binary'],
  ])('refuses %s', (_, text, code) => expect(errorOf(() => read(text)).code).toBe(code))

  it.each([
    ['PNG image', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR'],
    ['ZIP archive', 'PK\x03\x04\x14\0\0\0'],
    ['Excel or Word file', 'PK\x03\x04\x14\0\x06\0[Content_Types].xml'],
    ['PDF document', '%PDF-1.7\n%\xe2\xe3'],
    ['gzip archive', '\x1f\x8b\x08\0'],
    ['binary data', 'id,prompt\n\0\x01\x02\0\0\x03\x04\0\x05'],
  ])('names a %s', (kind, head) => {
    const bytes = Uint8Array.from(head, (c) => c.charCodeAt(0))
    expect(errorOf(() => readTable('quiz.csv', bytes)).detail).toEqual({ file: 'quiz.csv', kind })
  })

  it('refuses a file beyond the limit before decoding it', () => {
    expect(errorOf(() => readTable('quiz.csv', new Uint8Array(200_000_001))).detail).toEqual({
      file: 'quiz.csv',
      megabytes: 201,
      limit: 200,
    })
  })

  it('refuses more cells than the page can hold', () => {
    expect(errorOf(() => read(`${'x,'.repeat(99_999)}x\n` + 'a,b\n'.repeat(300))).detail).toEqual({ file: 'quiz.csv', limit: 199 })
  })
})

describe('whatever the bytes are', () => {
  /** Reads to the end or throws an AppError; anything else is a bug. */
  function outcome(bytes: Uint8Array, name: string): string {
    try {
      const table = readTable(name, bytes)
      const { questions } = readQuestions(table, guessMapping(table), NO_EDITS)
      const widths = new Set(table.rows.map((cells) => cells.length))
      return questions.length === table.rows.length && widths.size === 1 && widths.has(table.columns.length) ? 'read' : 'inconsistent'
    } catch (error) {
      if (error instanceof AppError) return 'refused'
      throw error
    }
  }
  const name = fc.constantFrom('quiz.csv', 'quiz.jsonl', 'quiz')
  const valid = [
    QUIZ.repeat(3),
    'id;prompt;A;B;answer\r\n1;"x\ny";a;"b ""c""";B\r\n',
    '{"id":1,"question":{"stem":"x","choices":[{"text":"a","label":"A"},{"text":"b","label":"B"}]},"answerKey":"A"}\n',
    '[{"id":1,"question":"x","choices":{"text":["a","b"],"label":["1","2"]},"answerKey":"2"},{"prompt":"y","options":["c"],"answer":0}]',
  ]

  it('random bytes give a table or an AppError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), name, (bytes, file) => void expect(outcome(bytes, file)).not.toBe('inconsistent')),
      { numRuns: 500 },
    )
  })

  it('random text in CSV and JSON characters gives a table or an AppError', () => {
    const text = fc.string({ unit: fc.constantFrom(...'a1,;\t"\n\r{}[]: \0', '"id":', 'prompt', '\uFEFF', '\uD800'), maxLength: 80 })
    fc.assert(
      fc.property(text, name, (content, file) => void expect(outcome(utf8(content), file)).not.toBe('inconsistent')),
      { numRuns: 1000 },
    )
  })

  it('a valid file with bytes changed, cut or repeated gives a table or an AppError', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('set', 'cut', 'repeat') })
    fc.assert(
      fc.property(fc.constantFrom(...valid), fc.array(change, { minLength: 1, maxLength: 6 }), name, (text, changes, file) => {
        let bytes = [...utf8(text)]
        for (const { at, byte, kind } of changes) {
          const i = at % (bytes.length + 1)
          if (kind === 'set') bytes[i] = byte
          else bytes = kind === 'cut' ? bytes.slice(0, i) : [...bytes.slice(0, i), ...bytes.slice(Math.max(0, i - 9))]
        }
        expect(outcome(Uint8Array.from(bytes), file)).not.toBe('inconsistent')
      }),
      { numRuns: 1000 },
    )
  })
})
