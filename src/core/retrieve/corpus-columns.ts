// Which column of a table holds the texts, and which their titles: by name, else by length.
import { plainHeader } from '../dataset/columns'
import { AppError } from '../errors'

const TEXT_NAMES = [
  ...['text', 'content', 'contents', 'body', 'passage', 'passagetext', 'paragraph', 'article', 'document', 'page', 'context', 'chunk'],
  ...['abstract', 'support', 'description', '正文', '内容', '文本', '段落'],
]
const TITLE_NAMES = ['title', 'heading', 'section', 'name', 'subject', 'topic', 'book', 'chapter', 'url', '标题', '题名', '名称', '章节']

export interface GuessedColumns {
  text: string | null
  title: string | null
}

/** `rows[r][c]`: a few rows; without a telling name the column with the longest cells holds the texts. */
export function guessColumns(columns: readonly string[], rows: readonly (readonly string[])[]): GuessedColumns {
  const named = (names: readonly string[]): string | null => {
    const plain = columns.map(plainHeader)
    const found = names.find((name) => plain.includes(name))
    return found === undefined ? null : columns[plain.indexOf(found)]!
  }
  const lengths = columns.map((_, column) => rows.reduce((sum, cells) => sum + (cells[column]?.length ?? 0), 0))
  const longest = columns[lengths.indexOf(Math.max(...lengths))] ?? null
  const text = named(TEXT_NAMES) ?? longest
  const title = named(TITLE_NAMES)
  return { text, title: title === text ? null : title }
}

/** Where a column stands. Throws corpus_column where the file has none of that name. */
export function columnAt(file: string, columns: readonly string[], wanted: string): number {
  const at = columns.indexOf(wanted)
  if (at < 0) throw new AppError('corpus_column', { file, column: wanted, known: columns.slice(0, 20).join(', ') })
  return at
}
