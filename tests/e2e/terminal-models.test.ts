// A model that somebody brings, in the terminal, from its files to submission.csv: checkpoints, .onnx files and addresses, and how it ends when
// they cannot be used. Rankings are those of PyTorch (golden.json of each checkpoint).
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ROOT } from '../browser/launch'
import { pagewise, type Ended } from './terminal'

const FIXTURES = `${ROOT}/tests/fixtures`
const CHECKPOINTS = `${FIXTURES}/checkpoints`
const BERT = `${CHECKPOINTS}/bert-wordpiece`
const names = readdirSync(CHECKPOINTS).filter((name) => existsSync(join(CHECKPOINTS, name, 'golden.json')))
const folder = mkdtempSync(join(tmpdir(), 'pagewise-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

interface GoldenItem {
  prompt: string
  context: string | null
  options: string[]
  truncated: boolean[]
  ranking: string
}
/** The golden questions that were not cut, as a file, and the submission that PyTorch would hand in. */
function goldenFile(name: string): { path: string; submission: string } {
  const { items } = JSON.parse(readFileSync(join(CHECKPOINTS, name, 'golden.json'), 'utf8')) as { items: GoldenItem[] }
  const kept = items.filter(({ truncated, options }) => !truncated.includes(true) && options.every((option) => option.trim() !== ''))
  expect(kept.length).toBeGreaterThan(4)
  const letters = Array.from('ABCDEFGH')
  const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`
  const rows = kept.map(({ prompt, context, options }, id) =>
    [String(id), cell(prompt), ...letters.map((_, i) => cell(options[i] ?? '')), cell(context ?? '')].join(),
  )
  const path = join(folder, `${name}.csv`)
  writeFileSync(path, [`id,prompt,${letters.join()},context`, ...rows, ''].join('\n'))
  return { path, submission: ['id,prediction', ...kept.map(({ ranking }, id) => `${id},${ranking}`), ''].join('\n') }
}
const score = (model: string, file: string, ...more: string[]): Promise<Ended> =>
  pagewise('score', file, '--model', model, '--library', 'off', '--context-words', '10000', ...more)

/** A folder with these files of the fixtures, each under its own name. */
function folderOf(name: string, ...paths: string[]): string {
  const made = join(folder, name)
  mkdirSync(made, { recursive: true })
  for (const path of paths) copyFileSync(path, join(made, path.slice(path.lastIndexOf('/') + 1)))
  return made
}
const beside = ['config.json', 'tokenizer.json', 'tokenizer_config.json'].map((name) => `${BERT}/${name}`)

describe('a checkpoint in the terminal', () => {
  it.each(names)('is compiled, and answers as PyTorch does (%s)', async (name) => {
    const out = join(folder, `${name}-fp32`)
    const { path, submission } = goldenFile(name)
    const compiled = await pagewise('compile', join(CHECKPOINTS, name), '--out', out, '--precision', 'fp32')
    expect([compiled.code, compiled.out]).toEqual([0, expect.stringContaining(`${out}: `)])
    expect(await score(out, path)).toMatchObject({ code: 0, out: submission })
  })

  it.each(['fp16', 'q8', 'q4'])('is kept in %s and used so without being told', async (precision) => {
    const out = join(folder, precision)
    const report = join(folder, `${precision}.json`)
    await pagewise('compile', BERT, '--out', out, '--precision', precision)
    expect(await score(out, goldenFile('bert-wordpiece').path, '--report', report)).toMatchObject({ code: 0 })
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ precision, model: { title: 'bert-wordpiece' } })
  })

  it('answers one question, is timed and evaluated', async () => {
    const out = join(folder, 'asked')
    await pagewise('compile', BERT, '--out', out)
    const labelled = join(folder, 'labelled.csv')
    writeFileSync(labelled, 'id,prompt,A,B,answer\n1,What is wet?,water,stone,A\n2,What is hot?,ice,fire,B\n')
    const ended = await Promise.all([
      pagewise('ask', 'What is wet?', 'water', 'stone', '--model', out, '--library', 'off', '--json'),
      pagewise('evaluate', labelled, '--model', out, '--library', 'off'),
      pagewise('bench', labelled, '--model', out, '--rounds', '1', '--json'),
    ])
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
    expect((JSON.parse(ended[0].out) as unknown[]).length).toBe(2)
    expect(ended[1].out).toContain('MAP@3')
    expect(JSON.parse(ended[2].out)).toMatchObject({ precision: 'q8' })
  })
})

describe('an .onnx file in the terminal', () => {
  it.each([
    ['choices', ['model.onnx']],
    ['fixed-choices', ['model.onnx']],
    ['pairs', ['model.onnx', 'model.onnx.data']],
  ])('answers as PyTorch does (%s)', async (kind, files) => {
    const from = folderOf(kind, ...files.map((name) => `${FIXTURES}/onnx/${kind}/${name}`), ...beside)
    const out = join(folder, `${kind}-model`)
    const { path, submission } = goldenFile('bert-wordpiece')
    expect(await pagewise('compile', from, '--out', out)).toMatchObject({ code: 0, out: expect.stringContaining('onnx, fp32') as string })
    expect(await score(out, path)).toMatchObject({ code: 0, out: submission })
  })

  it('keeps its own precision', async () => {
    const from = folderOf('kept', `${FIXTURES}/onnx/choices/model.onnx`, ...beside)
    const out = join(folder, 'kept-model')
    expect(await pagewise('compile', join(from, 'model.onnx'), '--out', out, '--precision', 'q8')).toMatchObject({
      code: 1,
      error: expect.stringContaining('The model has no q8 weights. It has fp32.') as string,
    })
    expect(existsSync(join(out, 'model.onnx'))).toBe(false)
  })
})

describe('an address in the terminal', () => {
  it('is fetched, compiled and answers as PyTorch does', async () => {
    const server = createServer((request, response) => {
      const path = join(CHECKPOINTS, request.url!)
      if (!existsSync(path)) response.writeHead(404).end()
      else createReadStream(path).pipe(response)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const out = join(folder, 'fetched')
    const { path, submission } = goldenFile('bert-wordpiece')
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bert-wordpiece`
    const compiled = await pagewise('compile', address, '--out', out, '--precision', 'fp32')
    const lost = await pagewise('compile', `${address}/nowhere`, '--out', join(folder, 'lost'))
    await new Promise((done) => server.close(done))
    expect([compiled.code, readdirSync(out).sort()]).toEqual([
      0,
      ['model.json', 'stems.json', 'tokenizer.json', 'weights.fp32.safetensors'],
    ])
    expect(await score(out, path)).toMatchObject({ code: 0, out: submission })
    expect(lost).toMatchObject({ code: 1, error: expect.stringMatching(/There is no config\.json in http.*\/nowhere/) as string })
  })
})

describe('what cannot be used', () => {
  it.each([
    ['no --out', ['compile', BERT], 2, '--out'],
    ['a precision that nobody knows', ['compile', BERT, '--out', 'x', '--precision', 'q2'], 2, 'q2'],
    ['too few tokens', ['compile', BERT, '--out', 'x', '--max-tokens', '2'], 2, '16'],
    ['more tokens than the model has', ['compile', BERT, '--out', 'x', '--max-tokens', '100'], 1, 'the number of tokens is 100'],
    ['no such folder', ['compile', '/nowhere', '--out', 'x'], 1, '/nowhere could not be read (ENOENT)'],
    ['a folder without a model', ['ask', 'a', 'b', 'c', '--library', 'off', '--model', FIXTURES], 1, 'There is no model in'],
    ['an address of nothing', ['compile', 'https://', '--out', 'x'], 1, 'is no address of a model'],
  ])('ends with its exit code and a sentence: %s', async (_, args, code, message) => {
    const ended = await pagewise(...args.map((arg) => (arg === 'x' ? join(folder, 'x') : arg)))
    expect([ended.code, ended.error]).toEqual([code, expect.stringContaining(message)])
    expect(existsSync(join(folder, 'x'))).toBe(false)
  })

  it('names the precision that a model lacks', async () => {
    const out = join(folder, 'only-q8')
    await pagewise('compile', BERT, '--out', out)
    expect(await score(out, goldenFile('bert-wordpiece').path, '--precision', 'q4')).toMatchObject({
      code: 1,
      error: expect.stringContaining('The model has no q4 weights. It has q8.') as string,
    })
  })
})
