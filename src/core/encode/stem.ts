// The English (Porter2) stemmer of Snowball 3: stem('organisms') is 'organism', as PyStemmer 3 gives it. Follows algorithms/english.sbl of
// github.com/snowballstem/snowball step by step; the packages on npm stand at Snowball 2, which makes 'organ' of it and 'intern' of 'internal'.
// A suffix pattern ends in $, so its leftmost match is the longest suffix, the one Snowball's `among` chooses.

const EXCEPTIONS = new Map([
  ...Object.entries({
    skis: 'ski',
    skies: 'sky',
    idly: 'idl',
    gently: 'gentl',
    ugly: 'ugli',
    early: 'earli',
    only: 'onli',
    singly: 'singl',
  }),
  ...['sky', 'news', 'howe', 'atlas', 'cosmos', 'bias', 'andes'].map((word): [string, string] => [word, word]),
])

const PREFIX = /^(?:gener|commun|arsen|past|univers|later|emerg|organ|inter)/
const REGION = /[aeiouy][^aeiouy]/
const VOWEL = /[aeiouy]/
const SHORT_SYLLABLE = /(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy]|past)$/

const STEP_2 = new Map(
  Object.entries({
    ...{
      tional: 'tion',
      enci: 'ence',
      anci: 'ance',
      abli: 'able',
      entli: 'ent',
      izer: 'ize',
      ization: 'ize',
      ational: 'ate',
      ation: 'ate',
    },
    ...{ ator: 'ate', alism: 'al', aliti: 'al', alli: 'al', fulness: 'ful', ousli: 'ous', ousness: 'ous', iveness: 'ive', iviti: 'ive' },
    ...{ biliti: 'ble', bli: 'ble', ogist: 'og', ogi: 'og', fulli: 'ful', lessli: 'less', li: '' },
  }),
)
const STEP_3 = new Map(
  Object.entries({ tional: 'tion', ational: 'ate', alize: 'al', icate: 'ic', iciti: 'ic', ical: 'ic', ful: '', ness: '', ative: '' }),
)
const STEP_2_SUFFIX = new RegExp(`(?:${[...STEP_2.keys()].join('|')})$`)
const STEP_3_SUFFIX = new RegExp(`(?:${[...STEP_3.keys()].join('|')})$`)
const STEP_4_SUFFIX = /(?:al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ism|ate|iti|ous|ive|ize|ion)$/

/** The stem of a lower-case word. Characters other than a-z count as consonants; a word of one or two characters is its own stem. */
export function stem(word: string): string {
  const exception = EXCEPTIONS.get(word)
  if (exception !== undefined) return exception
  if (word.length < 3) return word
  let w = word
    .replace(/^'/, '')
    .replace(/^y/, 'Y')
    .replace(/([aeiouy])y/g, '$1Y') // Y: a y that is a consonant
  const r1 = PREFIX.exec(w)?.[0].length ?? regionAfter(w, 0)
  const r2 = regionAfter(w, r1)

  w = removePlural(w.replace(/'(?:s'?)?$/, ''))
  w = removePast(w, r1)
  w = w.replace(/(?<=.[^aeiouy])[yY]$/, 'i')
  w = replaceSuffix(w, STEP_2_SUFFIX, (suffix, rest) => {
    if (rest.length < r1) return null
    if (suffix === 'li') return /[cdeghkmnrt]$/.test(rest) ? '' : null
    if (suffix === 'ogi') return rest.endsWith('l') ? 'og' : null
    return STEP_2.get(suffix)!
  })
  w = replaceSuffix(w, STEP_3_SUFFIX, (suffix, rest) =>
    rest.length < (suffix === 'ative' ? Math.max(r1, r2) : r1) ? null : STEP_3.get(suffix)!,
  )
  w = replaceSuffix(w, STEP_4_SUFFIX, (suffix, rest) => (rest.length < r2 || (suffix === 'ion' && !/[st]$/.test(rest)) ? null : ''))
  w = replaceSuffix(w, /[el]$/, (suffix, rest) => {
    const isInR2 = rest.length >= r2
    if (suffix === 'l') return isInR2 && rest.endsWith('l') ? '' : null
    return isInR2 || (rest.length >= r1 && !SHORT_SYLLABLE.test(rest)) ? '' : null
  })
  return w.replaceAll('Y', 'y')
}

/** `stem`, remembering up to `limit` words: in running text nearly every word has been seen before. */
export function createStemmer(limit = 50_000): (word: string) => string {
  const known = new Map<string, string>()
  return (word) => {
    let found = known.get(word)
    if (found === undefined) {
      found = stem(word)
      if (known.size >= limit) known.clear()
      known.set(word, found)
    }
    return found
  }
}

/** Index after the first consonant that follows a vowel at or after `start`; the length of the word if there is none. */
function regionAfter(word: string, start: number): number {
  const at = word.slice(start).search(REGION)
  return at < 0 ? word.length : start + at + 2
}

function replaceSuffix(word: string, pattern: RegExp, replacement: (suffix: string, rest: string) => string | null): string {
  const at = word.search(pattern)
  if (at < 0) return word
  const rest = word.slice(0, at)
  const end = replacement(word.slice(at), rest)
  return end === null ? word : rest + end
}

/** Step 1a. */
function removePlural(word: string): string {
  return replaceSuffix(word, /(?:sses|ied|ies|us|ss|s)$/, (suffix, rest) => {
    if (suffix === 'sses') return 'ss'
    if (suffix === 'ied' || suffix === 'ies') return rest.length > 1 ? 'i' : 'ie'
    return suffix === 's' && VOWEL.test(rest.slice(0, -1)) ? '' : null
  })
}

/** Step 1b. */
function removePast(word: string, r1: number): string {
  const suffix = /(?:eedly|eed|ingly|edly|ing|ed)$/.exec(word)?.[0]
  if (suffix === undefined) return word
  const rest = word.slice(0, -suffix.length)
  if (suffix.startsWith('eed')) return rest.length < r1 || /^(?:proc|exc|succ)$/.test(rest) ? word : rest + 'ee'
  if (suffix === 'ing') {
    if (/^[^aeiouy]y$/.test(rest)) return rest.slice(0, 1) + 'ie'
    if (/^(?:inn|out|cann|herr|earr|even)$/.test(rest)) return word
  }
  if (!VOWEL.test(rest)) return word
  if (/(?:at|bl|iz)$/.test(rest)) return rest + 'e'
  if (/(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(rest)) return /^[aeo]..$/.test(rest) ? rest : rest.slice(0, -1)
  return rest.length === r1 && SHORT_SYLLABLE.test(rest) ? rest + 'e' : rest
}
