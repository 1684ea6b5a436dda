// Text -> the terms that are indexed and looked up. Words are runs of letters and digits in any script, lower case, without accents; English
// ones by their stem. Chinese, Japanese and Korean text has no blanks to trust, so a run of it gives its overlapping pairs of characters
// (as Lucene's CJKAnalyzer). Full-width and subscript forms count as the plain ones: H₂O is h2o.
import { createStemmer } from '../encode/stem'

const PLAIN = /^[\x00-\x7f]*$/
const DIACRITICS = /[\u0300-\u036f]/g
const CJK = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}ー'
const RUNS = new RegExp(`[${CJK}]+|(?:(?![${CJK}])[\\p{L}\\p{N}])(?:(?![${CJK}])[\\p{L}\\p{M}\\p{N}])*`, 'gu')
const IS_CJK = new RegExp(`^[${CJK}]`, 'u')
const ENGLISH_RUNS = /[a-z0-9]+/g
const IS_ENGLISH = /^[a-z0-9]+$/
/** Longer words are no words (base64, DNA, rulers); their beginning stands for them. */
const LONGEST_TERM = 40

/** Lucene's English list. They stand in a third of all postings and tell nothing; dropped, a query reads a fifth of the postings. */
const STOP_WORDS = new Set(
  'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with'.split(
    ' ',
  ),
)

const stem = createStemmer()

/** The terms of a text, in order, repeated as they repeat. */
export function termsOf(text: string): string[] {
  const terms: string[] = []
  if (PLAIN.test(text)) for (const word of text.toLowerCase().match(ENGLISH_RUNS) ?? []) pushEnglish(word, terms)
  else
    for (const run of foldText(text).match(RUNS) ?? []) {
      if (IS_CJK.test(run)) pushPairs(run, terms)
      else if (IS_ENGLISH.test(run)) pushEnglish(run, terms)
      else terms.push(run.slice(0, LONGEST_TERM))
    }
  return terms
}

function pushEnglish(word: string, terms: string[]): void {
  if (!STOP_WORDS.has(word)) terms.push(stem(word.slice(0, LONGEST_TERM)))
}

function foldText(text: string): string {
  return text.normalize('NFKD').replace(DIACRITICS, '').normalize('NFC').toLowerCase()
}

function pushPairs(run: string, terms: string[]): void {
  const characters = Array.from(run)
  if (characters.length === 1) terms.push(run)
  for (let i = 0; i + 1 < characters.length; i++) terms.push(characters[i]! + characters[i + 1]!)
}
