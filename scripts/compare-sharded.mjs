// Holds a sharded library against exact BM25 over the same passages: how many of the ten best passages does it find, and what does a cold
// question cost?
// usage: node scripts/compare-sharded.mjs CORPUS.jsonl LIBRARY QUESTIONS.jsonl [LIMIT]
//   CORPUS: what LIBRARY was made of by `pagewise index`, lines {text}; QUESTIONS: lines {prompt, options}
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import { runnerImport } from 'vite'
import { ROOT } from './prepare.mjs'

const [corpus, folder, questionsPath, limit = '200'] = process.argv.slice(2)
if (!questionsPath) {
  console.error('usage: node scripts/compare-sharded.mjs CORPUS.jsonl LIBRARY QUESTIONS.jsonl [LIMIT]')
  process.exit(2)
}
const COUNTS = [5, 10]
const retrieve = (await runnerImport(join(ROOT, 'src/core/retrieve/index.ts'))).module
const questions = readFileSync(questionsPath, 'utf8').trim().split('\n').slice(0, Number(limit)).map((line) => JSON.parse(line)) // prettier-ignore

console.error('Indexing for exact BM25 …')
const builder = new retrieve.IndexBuilder()
for await (const line of createInterface({ input: createReadStream(corpus), crlfDelay: Infinity }))
  if (line.trim() !== '') for (const piece of retrieve.splitPassages(JSON.parse(line).text)) builder.add(piece)
const exact = new retrieve.Bm25(retrieve.openIndex(builder.finish(), { library: corpus, file: 'index.bin' }), retrieve.BM25_SETTINGS)

const pack = readFileSync(join(folder, 'pack.json'))
const manifest = retrieve.parseShardedManifest(JSON.parse(pack.toString()), folder)
const signal = new AbortController().signal
/** A library that was never read before, and what it costs. */
async function openCold(budget) {
  const read = new Map([['pack.json', pack.length]])
  const fetchShard = (_, { name }) => {
    const bytes = readFileSync(join(folder, name))
    read.set(name, bytes.length)
    return Promise.resolve(new Uint8Array(bytes))
  }
  return { library: await retrieve.ShardedLibrary.open(signal, manifest, { fetchShard, inflate: promisify(inflateRaw) }, budget), read }
}
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
const mean = (numbers) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length
const truths = questions.map((question) => exact.search(retrieve.queryTermsOf(question), 10).map((hit) => hit.passage))
const share = (found, truth) => (truth.length === 0 ? 1 : truth.filter((passage) => found.includes(passage)).length / truth.length)

const everything = { requests: Infinity, bytes: Infinity }
for (const [name, budget] of [
  ['all shards', everything],
  ['25 requests, 3 MB', retrieve.COLD_BUDGET],
]) {
  for (const count of COUNTS) {
    const costs = []
    for (const [i, question] of questions.entries()) {
      const { library, read } = await openCold(budget)
      const terms = retrieve.queryTermsOf(question)
      const startedAt = performance.now()
      const hits = await library.retrieve(signal, question, count)
      const milliseconds = performance.now() - startedAt
      const { hits: ranked, plan } = await library.rank(signal, terms, count)
      const found = ranked.map((hit) => hit.passage)
      if (hits.length !== ranked.length) throw new Error('a passage is missing')
      costs.push({
        recall: share(found, truths[i].slice(0, count)),
        first: truths[i].length === 0 || found.includes(truths[i][0]) ? 1 : 0,
        requests: read.size,
        bytes: [...read.values()].reduce((sum, n) => sum + n, 0),
        terms: new Set(terms).size,
        leftOut: plan.leftOut.length,
        milliseconds,
      })
    }
    const of = (field) => costs.map((cost) => cost[field])
    console.log(
      `${name}, ${count} passages, ${costs.length} questions: recall@${count} ${mean(of('recall')).toFixed(3)}, best passage found ${mean(of('first')).toFixed(3)}; ` +
        `requests ${median(of('requests'))} (most ${Math.max(...of('requests'))}), MB ${(median(of('bytes')) / 1e6).toFixed(2)} (most ${(Math.max(...of('bytes')) / 1e6).toFixed(2)}); ` +
        `terms ${mean(of('terms')).toFixed(1)}, left out ${mean(of('leftOut')).toFixed(1)}; ${median(of('milliseconds')).toFixed(0)} ms from disk`,
    )
  }
}
