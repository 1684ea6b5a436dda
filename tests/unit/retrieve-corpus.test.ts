// What the readers of a corpus make of text, Markdown, HTML and tables, whatever stands in them.
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openParquet } from '../../src/adapters/parquet/parquet'
import { corpusKind, guessColumns, lookInside, readCorpus, type CorpusColumns, type CorpusFile } from '../../src/core/retrieve'
import { decodeEntities, htmlSections } from '../../src/core/retrieve/corpus-html'
import { markdownSections } from '../../src/core/retrieve/corpus-markdown'
import { cutText } from '../../src/core/retrieve/corpus-text'

const encoder = new TextEncoder()
function fileOf(name: string, content: string | Uint8Array<ArrayBuffer>): CorpusFile {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content
  return { name, bytes: bytes.length, slice: (start, end) => Promise.resolve(bytes.slice(start, end)) }
}
async function read(name: string, content: string | Uint8Array<ArrayBuffer>, columns: CorpusColumns = { text: null, title: null }) {
  const file = fileOf(name, content)
  const documents = []
  for await (const document of readCorpus(file, await corpusKind(file), columns, openParquet)) documents.push(document)
  return documents
}
const words = (text: string): string[] => text.match(/[a-z]+/g) ?? []
const textOf = (sections: readonly { title: string; text: string }[]): string =>
  sections
    .map(({ text }) => text.replace(/\s+/g, ' ').trim())
    .join(' ')
    .trim()

describe('HTML', () => {
  it('is its text, without scripts, styles and comments', () => {
    const html = `<!doctype html><html><head><title>Stars</title><style>p > b {}</style><script>if (a < b) "</p>"</script></head>
      <body><!-- <p>hidden</p> --><p>The <b>sun</b> is a&nbsp;star &amp; shines.<p>It is <i>hot</i>.</body>`
    expect(htmlSections(html).map(({ title, text }) => [title, text.replace(/\s+/g, ' ').trim()])).toEqual([
      ['Stars', 'The sun is a star & shines. It is hot.'],
    ])
  })
  it('begins a section at each heading', () => {
    const sections = htmlSections('<h1>One</h1><p>first</p><h2>Two <em>b</em></h2><p>second</p>')
    expect(sections.map(({ title, text }) => [title, text.trim()])).toEqual([
      ['One', 'first'],
      ['Two b', 'second'],
    ])
  })
  it('keeps a blank between cells and a paragraph between blocks', () => {
    expect(textOf(htmlSections('<table><tr><td>a</td><td>b</td></tr></table><div>c</div>d'))).toBe('a b c d')
  })
  it('takes a lone < for a character', () => {
    expect(textOf(htmlSections('if a < b and c <3 then'))).toBe('if a < b and c <3 then')
  })
  it('ends a tag after the quoted values in it', () => {
    expect(textOf(htmlSections('<p title="a > b">text</p>'))).toBe('text')
  })
  it('knows the entities of running text and leaves others', () => {
    expect(decodeEntities('&lt;&#65;&#x42;&eacute;&#0;&#xD800;&nosuch;&amp;lt;')).toBe('<ABé\uFFFD\uFFFD&nosuch;&lt;')
  })
  it('keeps every word that stands outside of tags, in order', () => {
    const piece = fc.oneof(
      fc.constantFrom('sun', 'star', 'water', 'cell'),
      fc.constantFrom('<p>', '</p>', '<b>', '</b>', '<br/>', '<div class="x y">', '</div>', '<!-- no -->', '<img alt="a>b">'),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const expected = pieces.filter((part) => /^[a-z]+$/.test(part))
        expect(
          words(
            htmlSections(pieces.join(' '))
              .map(({ text }) => text)
              .join(' '),
          ),
        ).toEqual(expected)
      }),
    )
  })
  it.each(['<', '<a', '<!--', '<script>', '<p title="', '&#', '<h1>', '</', '<title>'])(
    'is read in linear time however often it holds %s',
    (part) => {
      const startedAt = performance.now()
      htmlSections(part.repeat(100_000))
      expect(performance.now() - startedAt).toBeLessThan(2_000)
    },
  )
})

describe('Markdown', () => {
  it('is its text, section by section', () => {
    const markdown = [
      '---\ntitle: x\n---\nBefore.\n\n# One #\n\nSome *emphasis*, **strong**, `code` and a [link](http://x.y/(z) "t").',
      '![A picture](p.png)\n\nTwo\n---\n\n> quoted\n\n- item one\n1. item two\n\n```js\nlet a = *b*\n```\n\n| a | b |\n|---|:-:|\n| c | d |\n\n[ref]: http://x',
    ].join('\n')
    expect(markdownSections(markdown).map(({ title, text }) => [title, text.replace(/\s+/g, ' ').trim()])).toEqual([
      ['', 'Before.'],
      ['One', 'Some emphasis, strong, code and a link. A picture'],
      ['Two', 'quoted item one item two let a = *b* a b c d'],
    ])
  })
  it('leaves characters that mark nothing', () => {
    const text = 'snake_case_name, 2 * 3 * 4, a < b, \\*stars\\*, f(x) [not a link] C# #5'
    expect(textOf(markdownSections(text))).toBe('snake_case_name, 2 * 3 * 4, a < b, *stars*, f(x) [not a link] C# #5')
  })
  it('keeps every plain word below its headings, whatever marks stand around it', () => {
    const piece = fc.constantFrom('sun', 'star', 'water', '*', '**', '_', '`', '[', ']', '> ', '+ ', '\n', '|', '~~', '\\', '!')
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        // The line of a code fence and the target of a link are no words of the text.
        fc.pre(!/^ {0,3}(?:`{3}|~{3})|\]\s*\[/m.test(pieces.join('')))
        const got = markdownSections(pieces.join('')).flatMap(({ title, text }) => [title, text])
        expect(words(got.join(' ')).join('')).toBe(words(pieces.join(' ')).join(''))
      }),
    )
  })
  it.each(['*', '_', '`', '[', '](', '<a ', '|', '**a', '[a](', '> ', '![', '\\', '~~'])(
    'is read in linear time however often it holds %s',
    (part) => {
      const startedAt = performance.now()
      markdownSections(part.repeat(100_000))
      expect(performance.now() - startedAt).toBeLessThan(2_000)
    },
  )
})

describe('a long text', () => {
  it('is cut into pieces that make it up again, each within its size', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ' ', '\n', '。', '😀'), maxLength: 300 }),
        fc.integer({ min: 2, max: 40 }),
        (text, size) => {
          const pieces = [...cutText(text, size)]
          expect(pieces.join('')).toBe(text)
          expect(pieces.every((piece) => piece.length > 0 && piece.length <= size && !/^[\uDC00-\uDFFF]/.test(piece))).toBe(true)
        },
      ),
    )
  })
})

describe('a table', () => {
  it('gives its rows in order, however many they are', async () => {
    const csv = 'text\n' + Array.from({ length: 2000 }, (_, i) => `"row ${i}, quoted"`).join('\n')
    const documents = await read('a.csv', csv)
    expect([documents.length, documents[1999]]).toEqual([
      2000,
      { title: 'a', source: 'a.csv, row 2000', text: 'row 1999, quoted', share: 1 },
    ])
  })
  it('may be JSON with unreadable lines between', async () => {
    const documents = await read('a.jsonl', '{"text":"one","title":"T"}\nnot json\n[1]\n{"text":"two"}\n', { text: 'text', title: 'title' })
    expect(documents.map(({ title, text, source }) => [title, text, source])).toEqual([
      ['T', 'one', 'a.jsonl, row 1'],
      ['a', 'two', 'a.jsonl, row 4'],
    ])
  })
  it('may be one JSON list', async () => {
    const list = JSON.stringify([{ body: 'one' }, { body: 'two' }])
    expect((await read('a.json', list)).map(({ text }) => text)).toEqual(['one', 'two'])
    expect((await lookInside(fileOf('a.json', list), 'jsonl', openParquet)).columns).toEqual(['body'])
  })
  it('holds its texts in the column that is named so, else in the one with the longest cells', () => {
    const rows = [['1', 'short', 'a much longer cell of text']]
    expect(guessColumns(['id', 'Title', 'Page Content'], rows)).toEqual({ text: 'Page Content', title: 'Title' })
    expect(guessColumns(['x', 'text', 'z'], rows)).toEqual({ text: 'text', title: null })
  })
})

describe('Parquet', () => {
  const fixture = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(`tests/fixtures/parquet/${name}.parquet`))
  it.each(['none', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4'])('is read with the codec %s', async (codec) => {
    const documents = await read(`${codec}.parquet`, fixture(codec), { text: 'text', title: 'title' })
    expect(documents.map(({ title, text, source }) => [title, text, source])).toEqual([
      ['Sun', 'The sun is a star that shines.', `${codec}.parquet, row 1`],
      [codec, 'Granite cools slowly. '.repeat(20), `${codec}.parquet, row 2`],
      ['Bees', 'Honey bees make honey from nectar.', `${codec}.parquet, row 3`],
    ])
  })
  it('shows its columns and first rows', async () => {
    const seen = await lookInside(fileOf('snappy.parquet', fixture('snappy')), 'parquet', openParquet)
    expect([seen.columns, seen.rows[0]]).toEqual([
      ['id', 'title', 'text', 'tags'],
      ['1', 'Sun', 'The sun is a star that shines.', 'star'],
    ])
  })
  it('with an unknown codec is refused by name', async () => {
    await expect(read('x.parquet', fixture('unknown-codec'))).rejects.toMatchObject({
      code: 'parquet_unreadable',
      detail: { file: 'x.parquet', reason: expect.stringContaining('LZO') as string },
    })
  })
  it('that is damaged anywhere gives rows or a sentence', async () => {
    const whole = fixture('gzip')
    for (let at = 4; at < whole.length; at += 41) {
      const damaged = whole.slice()
      damaged[at]! ^= 0x55
      const outcome = await read('d.parquet', damaged, { text: 'text', title: null }).catch((error: { code?: string }) => error.code)
      if (!Array.isArray(outcome)) expect(['parquet_unreadable', 'corpus_column']).toContain(outcome)
    }
  })
})

it('no bytes make a reader fail other than with a sentence', async () => {
  const name = fc.constantFrom('a.csv', 'a.jsonl', 'a.txt', 'a.md', 'a.html', 'a.parquet', 'a')
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
    fc.string({ maxLength: 300 }),
  )
  await fc.assert(
    fc.asyncProperty(name, content, async (file, bytes) => {
      const outcome = await read(file, bytes).catch((error: { name?: string }) => error.name)
      if (!Array.isArray(outcome)) expect(outcome).toBe('AppError')
    }),
  )
})
