// Counting in English, for the tables of words.
import { makeFormat } from './format'

export const f = makeFormat('en')
/** 1 row, 2 rows, 58,214 rows. */
export const many = (count: number, one: string, more = `${one}s`) => `${f.number(count)} ${count === 1 ? one : more}`
export const list = (words: readonly (string | number)[]) => words.join(', ')
