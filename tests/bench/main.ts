// npm run bench: how fast Pagewise answers, against the same model as anyone would run it today, in one run on one machine. The contenders
// take turns, round after round, so that a machine that slows down slows all of them; quoted are medians over the rounds and their ratios.
// Results go to docs/benchmarks.md between the marks <!-- speed --> and <!-- cold -->; --cold measures the cold start alone.
// usage: npm run bench -- [--peer MODEL.onnx] [--rounds N] [--cold] [--dry]      --peer: what models/recipe/README.md exports as the opponent
import { parseArgs } from 'node:util'
import { coldStart, type ColdStart } from './cold-start'
import { time, type Contender } from './contenders'
import { openNode, type NodeSpec } from './node-contenders'
import { openPages, type Pages } from './pages'
import type { Spec } from './page'
import { machine, median, publish } from './report'
import { readSets, SET_NAMES, type SetName } from './sets'

const { values } = parseArgs({
  options: {
    peer: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    dry: { type: 'boolean', default: false },
    cold: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const sets = readSets()

interface Row {
  name: string
  where: 'browser' | 'Node'
  /** Seconds from the weights in memory to the first answer. */
  first: number
  /** Questions a second, of each round. */
  rates: Record<SetName, number[]>
}
interface Entry {
  row: Row
  pass(set: SetName): Promise<number>
}

const BROWSER: [string, Spec][] = [
  ['engine, float, 2 workers', { kind: 'engine', precision: 'q8', arithmetic: 'float', workers: 2 }],
  ['engine, float, 1 worker', { kind: 'engine', precision: 'q8', arithmetic: 'float', workers: 1 }],
  ['engine, int8, 2 workers', { kind: 'engine', precision: 'q8', arithmetic: 'int8', workers: 2 }],
  ['engine, int8, 1 worker', { kind: 'engine', precision: 'q8', arithmetic: 'int8', workers: 1 }],
  ['our graph, fp32, onnxruntime-web WASM, 2 threads, one by one', { kind: 'graph', precision: 'fp32', threads: 2 }],
  ['our graph, 8-bit blocks, onnxruntime-web WASM, 2 threads, one by one', { kind: 'graph', precision: 'q8', threads: 2 }],
]
const NODE: [string, NodeSpec][] = [
  ['onnxruntime on our graph, float, 2 threads (the default)', { kind: 'graph', precision: 'q8', arithmetic: 'float', threads: 2 }],
  ['onnxruntime on our graph, int8, 2 threads', { kind: 'graph', precision: 'q8', arithmetic: 'int8', threads: 2 }],
  ['engine, float, 2 workers', { kind: 'engine', precision: 'q8', arithmetic: 'float', workers: 2 }],
  ['engine, int8, 2 workers', { kind: 'engine', precision: 'q8', arithmetic: 'int8', workers: 2 }],
]

async function main(): Promise<void> {
  const pages: Pages = await openPages(values.peer)
  const entries: Entry[] = []
  const peer = 'peer: exporter’s graph, int8, onnxruntime-web WASM, 2 threads, padded pairs in batches of 8'
  if (values.peer) BROWSER.push([peer, { kind: 'peer', threads: 2, url: pages.peerUrl }])
  if (values.peer)
    NODE.push([
      'peer: exporter’s graph, int8, onnxruntime-node, 2 threads, padded pairs in batches of 8',
      { kind: 'peer', threads: 2, path: values.peer },
    ])
  for (const [name, spec] of BROWSER) {
    console.error(`opening in the browser: ${name}`)
    const page = await pages.open(spec, sets.context[0]!)
    entries.push({
      row: { name, where: 'browser', first: page.first, rates: { closed: [], context: [] } },
      pass: (set) => page.run(sets[set]),
    })
  }
  const closing: Contender[] = []
  for (const [name, spec] of NODE) {
    console.error(`opening in Node: ${name}`)
    const { contender, first } = await openNode(spec, sets.context[0]!)
    closing.push(contender)
    entries.push({ row: { name, where: 'Node', first, rates: { closed: [], context: [] } }, pass: (set) => time(contender, sets[set]) })
  }
  for (let round = 0; round <= rounds; round++) {
    for (const { row, pass } of entries) {
      for (const set of SET_NAMES) {
        const rate = (sets[set].length / (await pass(set))) * 1000
        if (round > 0) row.rates[set].push(rate) // the first round warms up
        console.error(`round ${round} ${row.where} ${row.name} ${set}: ${rate.toFixed(1)} questions/s`)
      }
    }
  }
  for (const contender of closing) await contender.close()
  await pages.close()
  publish(
    'speed',
    speedTables(
      entries.map((entry) => entry.row),
      pages.browserVersion,
    ),
    values.dry,
  )
}

function speedTables(rows: readonly Row[], browserVersion: string): string {
  const table = (where: Row['where']): string => {
    const some = rows.filter((row) => row.where === where)
    const opponent = some.find((row) => row.name.startsWith('peer'))
    const cell = (row: Row, set: SetName): string => {
      const rate = median(row.rates[set])
      const ratio = opponent ? `${(rate / median(opponent.rates[set])).toFixed(1)}x` : '–'
      return `${rate.toFixed(1)} | ${ratio}`
    }
    return [
      `| in ${where === 'Node' ? 'Node' : 'the browser'} | closed book, q/s | against the peer | with contexts, q/s | against the peer | weights at hand to first answer |`,
      '|---|---|---|---|---|---|',
      ...some.map((row) => `| ${row.name} | ${cell(row, 'closed')} | ${cell(row, 'context')} | ${row.first.toFixed(2)} s |`),
    ].join('\n')
  }
  const measured = `${browserVersion}. 80 questions of \`public/samples\`; medians of ${rounds} rounds in which the contenders take turns.`
  return [machine(measured), '', table('browser'), '', table('Node')].join('\n')
}

function coldTable(starts: readonly ColdStart[]): string {
  return [
    '| visit | to a usable page | to the first answer | fetched | peak memory of the page’s process |',
    '|---|---|---|---|---|',
    ...starts.map(
      (s) =>
        `| ${s.visit} | ${s.usableSeconds.toFixed(2)} s | ${s.answerSeconds.toFixed(2)} s | ${(s.fetchedBytes / 1e6).toFixed(1)} MB | ${(s.peakBytes / 1e6).toFixed(0)} MB |`,
    ),
  ].join('\n')
}

if (!values.cold) await main()
publish('cold', coldTable(await coldStart()), values.dry)
process.exit(0)
