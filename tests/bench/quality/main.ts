// npm run bench -- --quality: what each precision on each device costs the embedded model, or with --checkpoints FOLDER checkpoints of full size
// with random weights (tests/bench/random_checkpoints.py). An error of a logit is against PyTorch in fp32. Results go to docs/benchmarks.md
// between the marks <!-- quality --> or <!-- quality-checkpoints -->.
// usage: npm run bench -- --quality [--checkpoints FOLDER] [--only NAME …] [--dry]
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readsTokenTypes } from '../../../src/core/encode/pairs'
import type { Precision } from '../../../src/core/types'
import { launch, ROOT, serveSources, SOFTWARE_WEBGPU } from '../../browser/launch'
import { modelFolder } from '../pairs/model-folder'
import { machine, publish, table } from '../report'
import { serveFolder } from '../serve'
import { computes, DEVICES, nameOf, type Device, type Errand, type PlainInput } from './devices'
import { fourBitFile } from './four-bit'
import { answer, readManifest } from './node'
import { checkpointGolden, compare, embeddedGolden, labelledQuestions, type Golden } from './questions'

const { values } = parseArgs({
  options: {
    quality: { type: 'boolean' },
    checkpoints: { type: 'string' },
    only: { type: 'string', multiple: true },
    dry: { type: 'boolean', default: false },
  },
})
const EMBEDDED = 'models/default'
/** The software adapter takes seconds a question. */
const WEBGPU_EVERY = 8
const CONTEXT_WORDS = 95
const PRECISIONS: readonly Precision[] = ['fp32', 'q8', 'q4']

const scratch = mkdtempSync(join(tmpdir(), 'pagewise-'))
const sources = await serveSources()
const browser = await launch(SOFTWARE_WEBGPU)

/** `root` is served for the page. */
async function logitsOn(
  device: Device,
  root: string,
  folder: string,
  file: string,
  precision: Precision,
  inputs: readonly PlainInput[],
): Promise<number[][]> {
  const errand: Errand = { device, folder: join(root, folder), file, precision, inputs }
  if (device.where === 'Node') return answer(errand)
  const files = await serveFolder(root)
  const page = await browser.newPage()
  try {
    await page.goto(`${sources.address}@fs${ROOT}/tests/browser/page/blank.html`)
    const sent = JSON.stringify({ ...errand, folder: `${files.address}/${folder}` })
    return await page.evaluate(`import('/@fs${ROOT}/tests/bench/quality/page.ts').then((m) => m.answer(${sent}))`)
  } finally {
    await page.close()
    await files.close()
  }
}

/** fp16 is not in the table: its file is the one that fp32 widens, and nothing computes in 16 bits yet. */
async function embeddedTable(): Promise<string> {
  cpSync(EMBEDDED, join(scratch, 'default'), { recursive: true })
  const file = (precision: Precision): string => `weights.${precision === 'fp32' ? 'fp16' : precision}.safetensors`
  const bytes = (precision: Precision): Uint8Array => new Uint8Array(readFileSync(join(scratch, 'default', file(precision))))
  const isServed = existsSync(join(scratch, 'default', file('q4')))
  if (!isServed) writeFileSync(join(scratch, 'default', file('q4')), await fourBitFile(bytes('fp32'), bytes('q8')))
  const golden = embeddedGolden('tests/fixtures/default/golden.json')
  const labelled = labelledQuestions(readManifest(EMBEDDED), join(EMBEDDED, 'tokenizer.json'), join(EMBEDDED, 'stems.json'), CONTEXT_WORDS)
  const rows: string[][] = []
  let reference = NaN // MAP@3 of fp32 on the first device
  for (const precision of PRECISIONS) {
    for (const device of DEVICES.filter((each) => computes(each, precision))) {
      const isSlow = device.runs === 'webgpu'
      const asked: Golden = isSlow ? every(WEBGPU_EVERY, golden) : golden
      const inputs = isSlow ? asked.inputs : [...asked.inputs, ...labelled.inputs]
      const logits = await logitsOn(device, scratch, 'default', file(precision), precision, inputs)
      const { error, agreement } = compare(asked, logits.slice(0, asked.inputs.length))
      const mapAt3 = isSlow ? NaN : labelled.mapAt3(logits.slice(asked.inputs.length))
      if (rows.length === 0) reference = mapAt3
      const change = mapAt3 - reference
      rows.push([
        precision === 'q4' && !isServed ? 'q4 (rounded to nearest, not served)' : precision,
        nameOf(device),
        error.toPrecision(2),
        `${Math.round(agreement * asked.inputs.length)} of ${asked.inputs.length}`,
        isSlow ? '–' : `${mapAt3.toFixed(4)} (${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(4)})`,
      ])
      console.error(rows.at(-1)!.join(', '))
    }
  }
  const head = [
    'precision',
    'device',
    'largest error of a logit',
    'same first choice',
    `MAP@3, ${labelled.inputs.length} questions of the samples (change)`,
  ]
  return table(head, rows)
}

function every(n: number, { inputs, logits }: Golden): Golden {
  const some = <T>(list: readonly T[]): T[] => list.filter((_, i) => i % n === 0)
  return { inputs: some(inputs), logits: some(logits) }
}

async function checkpointTable(root: string): Promise<string> {
  const names = readdirSync(root).filter((name) => existsSync(join(root, name, 'golden.json')) && (values.only?.includes(name) ?? true))
  const devices = DEVICES.filter(({ runs }) => runs !== 'webgpu')
  const rows: string[][] = []
  for (const name of names) {
    for (const precision of [...PRECISIONS, 'fp16'] as const) {
      const folder = await modelFolder(join(root, name), precision)
      const manifest = readManifest(folder)
      const golden = checkpointGolden(join(root, name, 'golden.json'), readsTokenTypes(manifest.config))
      const cells: string[] = []
      for (const device of devices) {
        if (!computes(device, precision)) {
          cells.push('–')
          continue
        }
        const where = folder.slice(root.length + 1)
        const logits = await logitsOn(device, root, where, manifest.files[0]!.name, precision, golden.inputs).catch((error: unknown) => {
          console.error(`${name}, ${precision}, ${nameOf(device)}: ${error instanceof Error ? error.message : String(error)}`)
          return null
        })
        cells.push(logits ? compare(golden, logits).error.toPrecision(2) : '–')
      }
      rows.push([name, precision, ...cells])
      console.error(rows.at(-1)!.join(', '))
    }
  }
  return table(['checkpoint', 'precision', ...devices.map(nameOf)], rows)
}

try {
  const measured = machine(`Chromium ${browser.version()}.`)
  if (values.checkpoints) publish('quality-checkpoints', `${measured}\n\n${await checkpointTable(resolve(values.checkpoints))}`, values.dry)
  else publish('quality', `${measured}\n\n${await embeddedTable()}`, values.dry)
} finally {
  await browser.close()
  await sources.close()
  rmSync(scratch, { recursive: true })
}
process.exit(0)
