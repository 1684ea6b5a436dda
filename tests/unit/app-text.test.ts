import { describe, expect, it } from 'vitest'
import { AppError, ERROR_SENTENCES } from '../../src/core/errors'
import { PROBLEM_SENTENCES } from '../../src/core/problems'
import { en } from '../../src/app/text/en'
import { errorSentence } from '../../src/app/text'
import { zh } from '../../src/app/text/zh'

const placeholders = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()
type Tree = { [key: string]: unknown }

/** Every path of a table with its value; arrays count by their items. */
function leaves(tree: Tree, path = ''): [string, unknown][] {
  return Object.entries(tree).flatMap(([key, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null ? leaves(value as Tree, `${path}${key}.`) : [[path + key, value]],
  )
}
/** `values` differs by language on purpose. */
const keys = (tree: Tree) =>
  leaves(tree)
    .map(([path]) => path)
    .filter((path) => !path.startsWith('values.'))
    .sort()
const sentences = leaves(en).map(([path, english]) => ({ path, english, chinese: new Map(leaves(zh)).get(path) }))

describe('the Chinese text', () => {
  it('has the keys of the English text and no others', () => {
    expect(keys(zh)).toEqual(keys(en))
  })
  it.each(Object.entries({ ...ERROR_SENTENCES, ...PROBLEM_SENTENCES }))(
    'names the same values as the English sentence: %s',
    (code, english) => {
      const chinese = { ...zh.errors, ...zh.problems }[code as keyof typeof zh.errors]
      expect(placeholders(chinese)).toEqual(placeholders(english))
    },
  )
  it('takes the same values in every sentence that is built', () => {
    const differing = sentences.filter(
      ({ english, chinese }) => typeof english === 'function' && (chinese as () => void).length > english.length,
    )
    expect(differing.map(({ path }) => path)).toEqual([])
  })
  it('translates the values that core puts into errors', () => {
    expect(errorSentence(zh, new AppError('file_binary', { file: 'a.csv', kind: 'PNG image' }))).toContain('PNG 图片')
  })
  it('has a space between Chinese and Latin, and none between Chinese and Chinese', () => {
    const missing = (place: string, file: string) => errorSentence(zh, new AppError('checkpoint_file_missing', { place, file, hint: '' }))
    expect([missing('the chosen files', 'tokenizer.json'), missing('我的 bert', 'weight file')]).toEqual([
      '所选文件中没有 tokenizer.json。',
      '我的 bert 中没有权重文件。',
    ])
  })
  it('leaves no sentence in English, samples of questions aside', () => {
    const isQuestion = (path: string) => /example|slip\.|questionPlaceholder|pastedName/.test(path)
    const untranslated = sentences.filter(
      ({ path, english, chinese }) =>
        typeof english === 'string' && /[a-z] [a-z]/.test(english) && english === chinese && !isQuestion(path),
    )
    expect(untranslated.map(({ path }) => path)).toEqual([])
  })
})
