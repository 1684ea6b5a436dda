// Markdown -> its text, line by line: headings begin a section, marks of lists, quotes, tables, code, links and emphasis are dropped and what
// they mark is kept (CommonMark 0.31 and GitHub's tables, as far as running text needs). A mark that pairs with nothing is a character.
import { decodeEntities } from './corpus-html'
import type { Section } from './corpus-text'

const FENCE = /^ {0,3}(`{3,}|~{3,})/
const HEADING = /^ {0,3}#{1,6}(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/
const TABLE_RULE = /^[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*(?::?-+:?)?[ \t]*$/
const DEFINITION = /^ {0,3}\[[^\]]{1,200}\]:[ \t]*\S/
const LINE_MARKS = /^[ \t]*(?:>[ \t]?)*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?/
const LONGEST_LINE = 20_000

/** Sections in order, each under its heading; text before the first one has no title. */
export function markdownSections(markdown: string): Section[] {
  const sections: Section[] = []
  let title = ''
  let lines: string[] = []
  const begin = (next: string): void => {
    const text = lines.join('\n')
    if (text.trim() !== '') sections.push({ title, text })
    lines = []
    title = next
  }
  let fence: string | null = null
  for (const line of withoutFrontMatter(markdown.replace(/\r\n?/g, '\n')).split('\n')) {
    const mark = FENCE.exec(line)?.[1]
    if (fence !== null) {
      if (mark?.startsWith(fence)) fence = null
      else lines.push(line)
      continue
    }
    if (mark !== undefined) {
      fence = mark
      continue
    }
    const heading = line.length < 1000 ? HEADING.exec(line) : null
    const before = lines.at(-1) ?? ''
    if (heading) begin(withoutMarks(heading[1] ?? ''))
    else if (UNDERLINE.test(line) && before.trim() !== '' && before.length < 200) {
      lines.pop()
      begin(before.trim())
    } else if (!RULE.test(line) && !TABLE_RULE.test(line) && !DEFINITION.test(line)) lines.push(withoutMarks(line))
    else lines.push('')
  }
  begin('')
  return sections
}

function withoutFrontMatter(text: string): string {
  if (!text.startsWith('---\n')) return text
  const end = /\n(?:---|\.\.\.)[ \t]*(?:\n|$)/.exec(text.slice(3, 20_000))
  return end ? text.slice(3 + end.index + end[0].length) : text
}

/** The text of one line. A very long one is no prose that somebody marked up: only its beginning is looked at. */
function withoutMarks(line: string): string {
  if (line.length > LONGEST_LINE) return withoutMarks(line.slice(0, LONGEST_LINE)) + line.slice(LONGEST_LINE)
  // Escaped and quoted characters are put aside as private ones, so that nothing takes them for marks.
  const kept: string[] = []
  const keep = (text: string): string => `\uE000${String.fromCharCode(0xe100 + kept.push(text) - 1)}`
  const marked = line
    .replace(/[\uE000-\uF8FF]/g, '')
    .replace(LINE_MARKS, '')
    .replace(/(`{1,3})([^`]{1,1000})\1/g, (whole, _, code: string) => (kept.length < KEPT ? keep(code.trim()) : whole))
    .replace(/\\([!-/:-@[-`{-~])/g, (whole, character: string) => (kept.length < KEPT ? keep(character) : whole))
    .replace(
      /!?\[([^[\]]{0,500})\](?:\([^()\s]{0,2000}(?:\([^()\s]{0,500}\)[^()\s]{0,500})?(?:[ \t]+"[^"]{0,500}")?\)|\[[^[\]]{0,200}\])/g,
      '$1',
    )
    .replace(/\[\^[^\]\s]{1,50}\]:?/g, '')
    .replace(/<(https?:[^<>\s]{1,2000})>/g, '$1')
    .replace(/<\/?[a-zA-Z][^<>]{0,2000}>/g, '')
    .replace(/(\*{1,3}|~~)(?=\S)([^*~]{1,2000}?)(?<=\S)\1/g, '$2')
    .replace(/(?<![\p{L}\p{N}_])(_{1,3})(?=\S)([^_]{1,2000}?)(?<=\S)\1(?![\p{L}\p{N}_])/gu, '$2')
    .replace(/^[ \t]*\|(.{0,20000})\|[ \t]*$/, (_, cells: string) => cells.replaceAll('|', ' '))
  return decodeEntities(marked).replace(/\uE000([\uE100-\uF8FF])/g, (_, index: string) => kept[index.charCodeAt(0) - 0xe100] ?? '')
}
const KEPT = 0xf8ff - 0xe100
