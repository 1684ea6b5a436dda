// What a header says about its column. Names are compared without case, spaces and punctuation: "Option A", option_a and OPTIONA are one.
// The lists hold the names that published sets and ordinary spreadsheets use; earlier names win.

export const ID_NAMES = ['id', 'qid', 'questionid', 'uid', 'rowid', 'exampleid', 'idx', 'index', 'number', 'no', '编号', '序号', '题号']
export const PROMPT_NAMES = [
  ...['prompt', 'question', 'stem', 'questionstem', 'questiontext', 'query', 'problem', 'q', 'ctx', 'goal', 'sentence', 'text'],
  ...['题目', '问题', '题干'],
]
export const ANSWER_NAMES = [
  ...[
    'answer',
    'answerkey',
    'correctanswer',
    'correct',
    'correctoption',
    'correctchoice',
    'label',
    'gold',
    'target',
    'key',
    'ans',
    'solution',
  ],
  ...['answeridx', 'answerindex', 'correctindex', 'cop', '答案', '正确答案'],
]
export const CONTEXT_NAMES = [
  ...['context', 'passage', 'support', 'article', 'paragraph', 'background', 'evidence', 'fact1', 'fact', 'reference', 'hint'],
  ...['上下文', '材料', '背景'],
]

/** A header without case, spaces and punctuation. */
export function plainHeader(header: string): string {
  return header.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

/** Columns that look like options, in the order of their letters or numbers. `numbersFrom` is null for lettered ones. */
export interface OptionFamily {
  options: { letter: string; column: number }[]
  numbersFrom: number | null
}

const LETTERED = /^(|options?|opt?|choices?|answers?|ans|candidate|ending|selection|选项)([a-z])$/
const NUMBERED = /^(options?|opt?|choices?|answers?|ans|candidate|ending|sol|selection|选项)(\d{1,2})$/

/** The largest family of option columns, 26 at most; A, B, C alone come before option_a, and those before option1. */
export function findOptions(columns: readonly string[]): OptionFamily {
  const names = columns.map(plainHeader)
  const families = [...collect(names, LETTERED), ...collect(names, NUMBERED)].map((members) =>
    [...members].sort(([a], [b]) => Number(a) - Number(b) || a.localeCompare(b, 'en')).slice(0, 26),
  )
  const best = families.reduce((a, b) => (b.length > a.length ? b : a), [])
  if (best.length < 2) return { options: [], numbersFrom: null }
  const isNumbered = /\d/.test(best[0]![0])
  return {
    options: best.map(([mark, column], i) => ({ letter: isNumbered ? letterAt(i) : mark.toUpperCase(), column })),
    numbersFrom: isNumbered ? Number(best[0]![0]) : null,
  }
}

/** A … Z for 0 … 25. */
export function letterAt(index: number): string {
  return String.fromCharCode(65 + index)
}

/** prefix -> (letter or number -> first column that bears it). */
function collect(names: string[], pattern: RegExp): Map<string, number>[] {
  const families = new Map<string, Map<string, number>>()
  names.forEach((name, column) => {
    const [, prefix, mark] = pattern.exec(name) ?? []
    if (prefix === undefined || mark === undefined || isWord(name, names)) return
    const family = families.get(prefix) ?? new Map<string, number>()
    if (!family.has(mark)) family.set(mark, column)
    families.set(prefix, family)
  })
  return [...families.values()]
}

/** "q", "options", "answers" end in a letter by chance unless the letter before theirs is there too. */
function isWord(name: string, names: string[]): boolean {
  if (!/^(q|options|choices|answers|ans)$/.test(name)) return false
  const before = name.slice(0, -1) + String.fromCharCode(name.charCodeAt(name.length - 1) - 1)
  return !names.includes(before)
}
