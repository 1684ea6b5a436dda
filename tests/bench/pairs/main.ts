// npm run bench -- --pairs FOLDER: the speed of layout pairs, against the graph that torch.onnx exports of the same checkpoint. FOLDER holds
// checkpoints of full size (tests/bench/random_checkpoints.py) with their exports (tests/bench/export_onnx.py); those without one are passed over.
// Every contender has a process of its own, one after the other; the answers in float are compared before a speed is quoted. Results go to
// docs/benchmarks.md between the marks <!-- pairs -->.
// usage: … [--only NAME …] [--questions 60] [--browser-questions 6] [--seconds 20] [--where node|browser] [--dry]
import { fork } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { launch, ROOT, serveSources } from '../../browser/launch'
import { largestRenderer } from '../memory'
import { machine, median, publish, table } from '../report'
import { serveFolder } from '../serve'
import type { Spec, TimedPairs, Timing } from './contenders'
import { modelFolder, timedQuestions } from './model-folder'
import type { Errand } from './node'

const { values } = parseArgs({
  options: {
    pairs: { type: 'string' },
    only: { type: 'string', multiple: true },
    questions: { type: 'string', default: '60' },
    'browser-questions': { type: 'string', default: '6' },
    seconds: { type: 'string', default: '20' },
    where: { type: 'string' },
    dry: { type: 'boolean', default: false },
  },
})
const root = resolve(values.pairs!)

const CONTENDERS: readonly [string, Spec][] = [
  ['exporter’s graph, fp32', { kind: 'exported', precision: 'fp32' }],
  ['exporter’s graph, dynamic int8', { kind: 'exported', precision: 'int8' }],
  ['our graph, fp32', { kind: 'graph', precision: 'fp32', arithmetic: 'float' }],
  ['our graph, q8, float', { kind: 'graph', precision: 'q8', arithmetic: 'float' }],
  ['our graph, q8, int8', { kind: 'graph', precision: 'q8', arithmetic: 'int8' }],
  ['engine, q8, float', { kind: 'engine', precision: 'q8', arithmetic: 'float' }],
  ['engine, q8, int8', { kind: 'engine', precision: 'q8', arithmetic: 'int8' }],
]
/** Largest difference of a logit between float graphs of the same weights. */
const SAME = 5e-3

const pathOf = async (checkpoint: string, spec: Spec): Promise<string> =>
  spec.kind === 'exported'
    ? join(checkpoint, 'onnx', spec.precision === 'fp32' ? 'model.onnx' : 'model_int8.onnx')
    : modelFolder(checkpoint, spec.precision)

function inNode(errand: Errand): Promise<Timing> {
  const child = fork(fileURLToPath(new URL('pairs-node.mjs', import.meta.url)))
  child.send(errand)
  return new Promise((settle, refuse) => {
    child.once('message', (timing) => {
      settle(timing as Timing)
    })
    child.once('exit', (code) => {
      refuse(new Error(`the process ended with ${String(code)}`))
    })
  })
}

async function inBrowser(spec: Spec, address: string, questions: TimedPairs[], seconds: number, sources: string): Promise<Timing> {
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.goto(`${sources}@fs${ROOT}/tests/browser/page/blank.html`)
    const errand = JSON.stringify({ spec, address, questions, seconds })
    const timing: Omit<Timing, 'peakBytes'> = await page.evaluate(
      `import('/@fs${ROOT}/tests/bench/pairs/page.ts').then((m) => m.answer(${errand}))`,
    )
    return { ...timing, peakBytes: largestRenderer() }
  } finally {
    await browser.close()
  }
}

type Run = (spec: Spec, path: string, questions: TimedPairs[]) => Promise<Timing>

async function compare(checkpoint: string, where: 'Node' | 'browser', count: number, run: Run): Promise<string> {
  const questions = timedQuestions(await modelFolder(checkpoint, 'q8'), count)
  const timings: [string, Spec, Timing | Error][] = []
  for (const [name, spec] of CONTENDERS) {
    console.error(`${basename(checkpoint)}, ${where}: ${name}`)
    const path = await pathOf(checkpoint, spec)
    const timing = await run(spec, path, questions).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
    if (timing instanceof Error) console.error(timing.message)
    else console.error(`  opened in ${timing.open.toFixed(2)} s, passes of ${timing.passes.map((s) => s.toFixed(1)).join(', ')} s`)
    timings.push([name, spec, timing])
  }
  const opponents = (['fp32', 'int8'] as const).map(
    (precision) => timings.find(([, spec]) => spec.kind === 'exported' && spec.precision === precision)?.[2],
  )
  const truth = opponents[0]
  const rows = timings.map(([name, spec, timing]) => {
    if (timing instanceof Error) return [name, '–', '–', '–', '–', '–', timing.message.split('\n')[0]!.slice(0, 100)]
    const rate = (other: Timing): number => questions.length / median(other.passes)
    const ratio = (other: Timing | Error | undefined): string =>
      other === undefined || other instanceof Error ? '–' : `${(rate(timing) / rate(other)).toFixed(2)}x`
    const error = truth === undefined || truth instanceof Error ? NaN : largestDifference(timing.logits, truth.logits)
    if (spec.precision === 'fp32' && spec.kind !== 'exported' && error > SAME)
      throw new Error(`${name} is off the exporter's graph by ${error}`)
    return [
      name,
      rate(timing).toFixed(2),
      ...opponents.map(ratio),
      `${timing.open.toFixed(1)} s`,
      `${(timing.peakBytes / 1e6).toFixed(0)} MB`,
      Number.isNaN(error) ? '–' : error.toPrecision(2),
    ]
  })
  const megabytes = (statSync(join(checkpoint, 'model.safetensors')).size / 1e6).toFixed(0)
  const lengths = questions.flat().map(({ ids }) => ids.length)
  const head = [
    `${basename(checkpoint)}, ${where}`,
    'questions/s',
    'against exporter fp32',
    'against exporter int8',
    'opened in',
    'peak memory',
    'largest logit difference',
  ]
  const shape = `${megabytes} MB in fp32; ${questions.length} questions of 5 options, pairs of ${median(lengths)} tokens (median), at most ${Math.max(...lengths)}.`
  return `${shape}\n\n${table(head, rows)}`
}

function largestDifference(a: readonly number[][], b: readonly number[][]): number {
  return Math.max(...a.flatMap((row, q) => row.map((logit, c) => Math.abs(logit - (b[q]?.[c] ?? NaN)))))
}

const names = readdirSync(root).filter((name) => existsSync(join(root, name, 'onnx/model.onnx')) && (values.only?.includes(name) ?? true))
const seconds = Number(values.seconds)
const parts: string[] = []
let browserVersion = ''
if (values.where !== 'browser') {
  for (const name of names)
    parts.push(
      await compare(join(root, name), 'Node', Number(values.questions), (spec, path, questions) =>
        inNode({ spec, path, questions, seconds }),
      ),
    )
}
if (values.where !== 'node') {
  const [sources, files] = [await serveSources(), await serveFolder(root)]
  const probe = await launch()
  browserVersion = `Chromium ${probe.version()}, `
  await probe.close()
  for (const name of names)
    parts.push(
      await compare(join(root, name), 'browser', Number(values['browser-questions']), (spec, path, questions) =>
        inBrowser(spec, path.replace(root, files.address), questions, seconds, sources.address),
      ),
    )
  await files.close()
  await sources.close()
}
publish('pairs', [machine(`${browserVersion}2 threads or workers.`), ...parts].join('\n\n'), values.dry)
process.exit(0)
