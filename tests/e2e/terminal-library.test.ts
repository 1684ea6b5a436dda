// A model that somebody brings reads passages of the library, in the terminal: layout pairs, open book, on both runtimes of the CPU.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../browser/launch'
import { pagewise, type Ended } from './terminal'

const SAMPLE = `${ROOT}/public/samples/science-exam.csv`
const ROWS = 24
const folder = mkdtempSync(join(tmpdir(), 'pagewise-'))
const model = join(folder, 'model')
const place = (name: string): string => join(folder, name)

interface Report {
  engine: string
  retrievalSeconds: number
  questions: { logits: number[]; passages: { used: boolean }[] }[]
}
async function score(name: string, ...more: string[]): Promise<{ submission: string; report: Report }> {
  const files = ['--out', place(`${name}.csv`), '--report', place(`${name}.json`)]
  const ended = await pagewise('score', SAMPLE, '--model', model, '--limit', String(ROWS), ...files, ...more)
  expect(ended.code).toBe(0)
  return {
    submission: readFileSync(place(`${name}.csv`), 'utf8'),
    report: JSON.parse(readFileSync(place(`${name}.json`), 'utf8')) as Report,
  }
}
const logitsOf = ({ questions }: Report): number[] => questions.flatMap(({ logits }) => logits)

beforeAll(async () => {
  const compiled = await pagewise('compile', `${ROOT}/tests/fixtures/checkpoints/deberta-v3-unigram`, '--out', model)
  expect(compiled.code).toBe(0)
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('a model of layout pairs with the library', () => {
  it('reads passages for every question, and answers the same on either runtime', async () => {
    const [native, engine, closed] = await Promise.all([
      score('native', '--library', 'openstax'),
      score('engine', '--library', 'openstax', '--runtime', 'engine', '--workers', '2'),
      score('closed', '--library', 'off'),
    ])
    expect([native.report.engine, engine.report.engine]).toEqual(['onnxruntime, CPU, q8, float', 'engine, 2 workers, float'])
    expect(native.report.questions.map(({ passages }) => passages.length > 0)).toEqual(Array<boolean>(ROWS).fill(true))
    expect(engine.submission).toBe(native.submission)
    const errors = logitsOf(native.report).map((logit, i) => Math.abs(logit - logitsOf(engine.report)[i]!))
    expect(Math.max(...errors)).toBeLessThan(1e-4)
    expect(closed.report.retrievalSeconds).toBe(0)
    expect(logitsOf(closed.report)).not.toEqual(logitsOf(native.report))
  })

  it('gives the same bytes again, and in integers says so', async () => {
    const [once, again, integers] = await Promise.all([
      score('once', '--library', 'openstax'),
      score('again', '--library', 'openstax'),
      score('integers', '--library', 'openstax', '--arithmetic', 'int8'),
    ])
    expect([again.submission, logitsOf(again.report)]).toEqual([once.submission, logitsOf(once.report)])
    expect(integers.report.engine).toBe('onnxruntime, CPU, q8, int8')
  })

  it('is evaluated as its submission is', async () => {
    await score('handed-in', '--library', 'openstax')
    const rows = ['--limit', String(ROWS), '--json']
    const [run, submission] = await Promise.all([
      pagewise('evaluate', SAMPLE, '--model', model, '--library', 'openstax', ...rows),
      pagewise('evaluate', SAMPLE, '--submission', place('handed-in.csv'), ...rows),
    ])
    const mapAt3 = ({ out }: Ended): unknown => (JSON.parse(out) as { mapAt3: unknown }).mapAt3
    expect([run.code, mapAt3(run)]).toEqual([0, mapAt3(submission)])
  })

  it('shows what it read for one question', async () => {
    const options = ['Carbon dioxide', 'Helium', 'Argon']
    const { code, out } = await pagewise(
      'ask',
      'Which gas do plants take from the air?',
      ...options,
      '--model',
      model,
      '--library',
      'openstax',
    )
    const ranked = out.split('\n').slice(0, options.length)
    expect([code, ranked.map((line) => line.slice(9)).sort()]).toEqual([0, [...options].sort()])
    expect(out).toContain('OpenStax')
  })
})

describe('a runtime', () => {
  it.each([
    ['that nobody knows', ['--runtime', 'torch'], 'torch'],
    ['that has no GPU', ['--runtime', 'engine', '--device', 'webgpu'], 'The engine runs on the CPU.'],
  ])('%s ends with exit code 2 and a sentence', async (_, args, message) => {
    const ended = await pagewise('score', SAMPLE, '--model', model, '--library', 'off', ...args)
    expect([ended.code, ended.error]).toEqual([2, expect.stringContaining(message)])
  })
})
