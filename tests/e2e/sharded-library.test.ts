// A big library, made by the command line and put beside the page: a question fetches a few small files of it, each once.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT, type BrowserContext } from '../browser/launch'
import { answerAll, openFile, usePages } from './pages'
import { serveLibrary } from './served-library'

const folder = mkdtempSync(join(tmpdir(), 'pagewise-'))
const library = serveLibrary('big', join(folder, 'big'), ['gone'])
const pages = usePages([library])
const run = (...args: string[]) => execFileSync('node', args, { cwd: ROOT, stdio: 'ignore' })

interface MadeQuestion {
  prompt: string
  options: string[]
}
let questions: MadeQuestion[]
beforeAll(() => {
  const corpus = join(folder, 'corpus.jsonl')
  const asked = join(folder, 'questions.jsonl')
  run('scripts/make-corpus.mjs', '3000', corpus, '2', asked)
  run('dist/cli/main.mjs', 'index', corpus, '--out', join(folder, 'big'), '--title', 'Big', '--licence', 'CC0', '--sharded')
  questions = readFileSync(asked, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as MadeQuestion)
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const csv = (asked: readonly MadeQuestion[]) =>
  ['id,prompt,A,B,C,D,E', ...asked.map(({ prompt, options }, i) => [i + 1, prompt, ...options].join())].join('\n') + '\n'

/** What answering the file on a new page fetched of the library. */
async function answer(context: BrowserContext, asked: readonly MadeQuestion[]) {
  const visit = await pages.visit({ context })
  library.asked.length = 0
  await openFile(visit.page, 'exam.csv', csv(asked))
  await answerAll(visit.page)
  const fetched = [...library.asked]
  return { ...visit, fetched, names: fetched.map(({ name }) => name).filter((name) => name !== 'pack.json') }
}

it('answers from a library in shards: few files for a question, none of them twice, and none at all when it is asked again', async () => {
  const { page, context } = await pages.visit({ hash: '#library' })
  await page.getByRole('button', { name: 'Use Big as open book' }).click()
  await page.close()

  const first = await answer(context, questions.slice(0, 1))
  expect(first.fetched.length).toBeLessThanOrEqual(25)
  expect(first.fetched.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(3_000_000)
  expect([...new Set(first.names.map((name) => name.split('/')[0]))].sort()).toEqual(['directory.bin', 'passages', 'postings'])
  await first.page.goto(first.page.url().replace(/#.*/, '#answer/done/row-1'))
  await first.page
    .getByText(/ · Big, CC0/)
    .first()
    .waitFor()
  await first.page.close()

  const again = await answer(context, questions.slice(0, 1))
  expect(again.names).toEqual([])
  await again.page.close()

  const both = await answer(context, questions)
  const names = [...first.names, ...both.names]
  expect([both.names.length > 0, new Set(names).size]).toEqual([true, names.length])
  expect([...first.errors, ...again.errors, ...both.errors]).toEqual([])
})

it('says which library of the list is not there, and offers the others', async () => {
  const { page } = await pages.visit({ hash: '#library' })
  await page.getByText(/names the library gone, but .*\/libraries\/gone\/ holds no pack\.json/).waitFor()
  await page.getByRole('heading', { name: 'OpenStax textbooks' }).waitFor()
  await page.getByRole('heading', { name: 'Big' }).waitFor()
})
