// HTML -> its text, without a DOM: tags are dropped, block elements end a paragraph, headings begin a section, what is not meant to be read
// (scripts, styles, templates) is left out with its content. Tolerant as browsers are (HTML Living Standard, 13.2.5): `<` before anything but a
// letter, `/`, `!` or `?` is a character; what is never closed ends with the file. One pass, linear for any input.
import type { Section } from './corpus-text'

const UNREAD = new Set(['script', 'style', 'noscript', 'template', 'svg', 'iframe', 'object', 'select', 'textarea', 'math'])
const INLINE = new Set(
  'a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q ruby rt rp s samp small span strike strong sub sup time tt u var wbr'.split(
    ' ',
  ),
)
const HEADING = /^h[1-6]$/
const NAME = /[a-zA-Z][^\s/>]*/y

/** Sections in order, each under its nearest heading before it; a page's `<title>` names what stands before the first heading. */
export function htmlSections(html: string): Section[] {
  const sections: Section[] = []
  let pageTitle = ''
  let title = ''
  let heading: string | null = null
  let parts: string[] = []
  const close = (): void => {
    const text = parts.join('')
    if (text.trim() !== '') sections.push({ title: title || pageTitle, text })
    parts = []
  }
  const say = (text: string): void => {
    if (heading === null) parts.push(text)
    else heading += text
  }
  for (let at = 0; at < html.length;) {
    const open = indexOrEnd(html, '<', at)
    if (open > at) say(decodeEntities(html.slice(at, open)))
    if (open === html.length) break
    const tag = readTag(html, open)
    at = tag.end
    if (tag.name === null) {
      if (tag.text !== '') say(tag.text)
    } else if (tag.name === 'title' && !tag.isClosing) {
      const end = closingTag(html, 'title', at)
      pageTitle ||= plain(decodeEntities(html.slice(at, end)))
      at = end
    } else if (UNREAD.has(tag.name) && !tag.isClosing) {
      if (!tag.isEmpty) at = closingTag(html, tag.name, at)
    } else if (HEADING.test(tag.name)) {
      if (heading !== null) title = plain(heading)
      if (!tag.isClosing) close()
      heading = tag.isClosing ? null : ''
    } else if (tag.name === 'br' || tag.name === 'td' || tag.name === 'th') say(' ')
    else if (!INLINE.has(tag.name)) say('\n\n')
  }
  if (heading !== null) parts.push(heading)
  close()
  return sections
}

interface Tag {
  /** Lower case; null for comments, declarations and a `<` that is a character. */
  name: string | null
  isClosing: boolean
  isEmpty: boolean
  text: string
  end: number
}

function readTag(html: string, open: number): Tag {
  const none = { name: null, isClosing: false, isEmpty: false, text: '' }
  if (html.startsWith('<!--', open)) return { ...none, end: after(html, '-->', open + 4) }
  const next = html[open + 1] ?? ''
  if (next === '!' || next === '?') return { ...none, end: after(html, '>', open + 2) }
  const isClosing = next === '/'
  NAME.lastIndex = open + (isClosing ? 2 : 1)
  const name = NAME.exec(html)?.[0].toLowerCase()
  if (name === undefined) return { ...none, text: '<', end: open + 1 }
  const end = tagEnd(html, NAME.lastIndex)
  return { name, isClosing, isEmpty: html[end - 2] === '/', text: '', end }
}

/** After the `>` that ends a tag: one in a quoted value does not. A value that is not closed within 64 K ends at the first `>` instead. */
function tagEnd(html: string, from: number): number {
  const limit = Math.min(html.length, from + 65_536)
  let quote = ''
  for (let at = from; at < limit; at++) {
    const character = html[at]!
    if (quote !== '') quote = character === quote ? '' : quote
    else if (character === '>') return at + 1
    else if ((character === '"' || character === "'") && /=\s*$/.test(html.slice(Math.max(from, at - 8), at))) quote = character
  }
  return after(html, '>', from)
}

/** Where the closing tag of an element stands whose content is not markup; the end of the text where there is none. */
function closingTag(html: string, name: string, from: number): number {
  const pattern = new RegExp(`</${name}(?=[\\s/>])`, 'gi')
  pattern.lastIndex = from
  return pattern.exec(html)?.index ?? html.length
}

const ENTITIES: Record<string, string> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', ensp: ' ', emsp: ' ', thinsp: ' ', shy: '', zwnj: '', zwj: '' },
  ...{
    ndash: '–',
    mdash: '—',
    hellip: '…',
    lsquo: '‘',
    rsquo: '’',
    ldquo: '“',
    rdquo: '”',
    laquo: '«',
    raquo: '»',
    bull: '•',
    middot: '·',
  },
  ...{ deg: '°', times: '×', divide: '÷', plusmn: '±', minus: '−', micro: 'µ', sup2: '²', sup3: '³', frac12: '½', frac14: '¼', prime: '′' },
  ...{ le: '≤', ge: '≥', ne: '≠', asymp: '≈', infin: '∞', rarr: '→', larr: '←', harr: '↔', sum: '∑', radic: '√', part: '∂', int: '∫' },
  ...{
    alpha: 'α',
    beta: 'β',
    gamma: 'γ',
    delta: 'δ',
    epsilon: 'ε',
    theta: 'θ',
    lambda: 'λ',
    mu: 'μ',
    nu: 'ν',
    pi: 'π',
    rho: 'ρ',
    sigma: 'σ',
  },
  ...{
    tau: 'τ',
    phi: 'φ',
    psi: 'ψ',
    omega: 'ω',
    Delta: 'Δ',
    Sigma: 'Σ',
    Omega: 'Ω',
    copy: '©',
    reg: '®',
    trade: '™',
    euro: '€',
    pound: '£',
  },
  ...{ eacute: 'é', egrave: 'è', agrave: 'à', aacute: 'á', acirc: 'â', ccedil: 'ç', ecirc: 'ê', iacute: 'í', oacute: 'ó', uacute: 'ú' },
  ...{ auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', ntilde: 'ñ', aring: 'å', oslash: 'ø', aelig: 'æ' },
}

/** Numeric references and the named ones that running text holds; others stay as they are. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z][a-z0-9]{1,8}));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name]! : whole
      const code = hex !== undefined ? parseInt(hex, 16) : Number(decimal)
      const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
      return isCharacter ? String.fromCodePoint(code) : '\uFFFD'
    },
  )
}

function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
function indexOrEnd(text: string, part: string, from: number): number {
  const index = text.indexOf(part, from)
  return index < 0 ? text.length : index
}
function after(text: string, part: string, from: number): number {
  return Math.min(text.length, indexOrEnd(text, part, from) + part.length)
}
