// Numbers in Chinese sentences, for the tables of words.
import { makeFormat } from './format'

export const f = makeFormat('zh')
export const list = (words: readonly (string | number)[]) => words.join('、')
