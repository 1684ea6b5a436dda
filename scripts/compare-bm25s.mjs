// Holds our BM25 against bm25s (PyPI) on the same passages and terms: how many queries have the same ten best passages?
// usage: node scripts/compare-bm25s.mjs PARAGRAPHS.jsonl QUESTIONS.jsonl [PYTHON]
//   lines {text} and {prompt, options}; PYTHON (default python3) must have bm25s and numpy: see libraries/compare_bm25s.py
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runnerImport } from 'vite'
import { ROOT } from './prepare.mjs'

const [library, questions, python = 'python3'] = process.argv.slice(2)
if (!library || !questions) {
  console.error('usage: node scripts/compare-bm25s.mjs PARAGRAPHS.jsonl QUESTIONS.jsonl [PYTHON]')
  process.exit(2)
}
const retrieve = (await runnerImport(join(ROOT, 'src/core/retrieve/index.ts'))).module
const lines = (path) => readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line)) // prettier-ignore

const builder = new retrieve.IndexBuilder()
const passages = lines(library).map(({ text }) => text)
for (const text of passages) builder.add(text)
const bm25 = new retrieve.Bm25(retrieve.openIndex(builder.finish(), { library, file: 'index.bin' }), retrieve.BM25_SETTINGS)
const queries = lines(questions).map((question) => retrieve.queryTermsOf(question))
const hits = queries.map((terms) => bm25.search(terms, 10))

const folder = mkdtempSync(join(tmpdir(), 'pagewise-'))
try {
  const file = join(folder, 'comparison.json')
  writeFileSync(file, JSON.stringify({ settings: retrieve.BM25_SETTINGS, passages: passages.map(retrieve.termsOf), queries, hits }))
  process.exitCode = spawnSync(python, [join(ROOT, 'libraries/compare_bm25s.py'), file], { stdio: 'inherit' }).status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}
