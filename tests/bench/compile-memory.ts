// npm run bench -- --memory FOLDER: how much memory the browser takes while a checkpoint of FOLDER becomes a model in the built page, beyond what it
// took before: all its processes together, looked at ten times a second, in a profile on the disk. FOLDER holds checkpoints of full size
// (tests/bench/random_checkpoints.py). Results go to docs/benchmarks.md between the marks <!-- memory -->.
// usage: … [--only NAME …] [--precision q8 …] [--dry]
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { launchWithProfile, serveBuild } from '../browser/launch'
import { browserBytes } from './memory'
import { machine, publish, table } from './report'

const { values } = parseArgs({
  options: {
    memory: { type: 'string' },
    only: { type: 'string', multiple: true },
    precision: { type: 'string', multiple: true, default: ['q8'] },
    dry: { type: 'boolean', default: false },
  },
})
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']
const PRECISIONS: Record<string, string> = { fp32: '32-bit · ', fp16: '16-bit · ', q8: '8-bit · ', q4: '4-bit · ' }
const EVERY_MS = 100
/** A page that has just been opened still clears up. */
const SETTLE_MS = 5000
const MOST_MS = 30 * 60_000

type Phase = 'looked at' | 'written' | 'self-test'
const PHASES: readonly Phase[] = ['looked at', 'written', 'self-test']
interface Measured {
  version: string
  /** Bytes beyond those of before, at most. */
  extra: Record<Phase, number>
  seconds: Record<Phase, number>
}

async function measure(address: string, checkpoint: string, precision: string): Promise<Measured> {
  const profile = mkdtempSync(join(tmpdir(), 'pagewise-memory-'))
  const context = await launchWithProfile(profile)
  try {
    const page = await context.newPage()
    await page.goto(`${address}#models`)
    await page.getByText('Ready', { exact: true }).first().waitFor({ state: 'attached', timeout: 60_000 })
    await wait(SETTLE_MS)
    const watch = watchMemory()
    const paths = FILES.map((name) => join(checkpoint, name))
    await page.locator('input[type=file][multiple]').first().setInputFiles(paths)
    const make = page.getByRole('button', { name: 'Make the model' })
    await make.waitFor({ timeout: 60_000 })
    await page.getByRole('radio', { name: PRECISIONS[precision]! }).check()
    await page.getByLabel('Name of the model').fill('Measured')
    watch.enter('written')
    await make.click()
    await page.getByText('Making the self-test').first().waitFor({ timeout: MOST_MS })
    watch.enter('self-test')
    await page.getByText('Measured is ready.').first().waitFor({ timeout: MOST_MS })
    const measured = watch.end()
    if ((await page.getByText('none: its graph could not be run').count()) > 0) throw new Error('the model has no self-test')
    return { version: context.browser()?.version() ?? 'of unknown version', ...measured }
  } finally {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  }
}

/** From now on; the first phase begins with it. */
function watchMemory(): { enter(phase: Phase): void; end(): Pick<Measured, 'extra' | 'seconds'> } {
  const before = browserBytes()
  const extra = { 'looked at': 0, written: 0, 'self-test': 0 }
  const seconds = { ...extra }
  let phase: Phase = 'looked at'
  let since = performance.now()
  const look = (): void => {
    extra[phase] = Math.max(extra[phase], browserBytes() - before)
  }
  const timer = setInterval(look, EVERY_MS)
  const enter = (next: Phase): void => {
    look()
    seconds[phase] = (performance.now() - since) / 1000
    since = performance.now()
    phase = next
  }
  return {
    enter,
    end() {
      clearInterval(timer)
      enter(phase)
      return { extra, seconds }
    },
  }
}

const served = await serveBuild()
const root = resolve(values.memory!)
const checkpoints = readdirSync(root).filter((name) => values.only?.includes(name) ?? true)
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
const rows: string[][] = []
let version = ''
for (const name of checkpoints) {
  for (const precision of values.precision) {
    const { extra, seconds, ...browser } = await measure(served.address, join(root, name), precision)
    version = browser.version
    const cells = PHASES.flatMap((phase) => [`${seconds[phase].toFixed(0)} s`, megabytes(extra[phase])])
    rows.push([basename(name), megabytes(statSync(join(root, name, 'model.safetensors')).size), precision, ...cells])
    console.error(rows.at(-1)!.join(', '))
  }
}
await served.close()
const head = ['checkpoint', 'size', 'to', ...PHASES.flatMap((phase) => [phase, 'extra memory'])]
publish('memory', [machine(`Chromium ${version}.`), '', table(head, rows)].join('\n'), values.dry)
process.exit(0)
