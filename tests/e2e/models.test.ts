// A model of one's own in a real browser: a checkpoint dropped on the page is compiled, answers a file with the rankings of PyTorch, is renamed, exported,
// deleted, taken back and taken in again. Everything after the drop happens without the network.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ROOT, shoot, type Page } from '../browser/launch'
import { answerAll, download, openFile, usePages } from './pages'

const pages = usePages()
const BERT = `${ROOT}/tests/fixtures/checkpoints/bert-wordpiece`
const NAMES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']
const COMMAND = `${ROOT}/dist/cli/main.mjs`
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
interface Item {
  prompt: string
  context: string | null
  options: string[]
  truncated: boolean[]
  ranking: string
}

const bytesOf = (name: string): Buffer => readFileSync(`${BERT}/${name}`)
const payload = (name: string, buffer = bytesOf(name)) => ({ name, mimeType: 'application/octet-stream', buffer })
const checkpoint = (without: string[] = []) => NAMES.filter((name) => !without.includes(name)).map((name) => payload(name))

/** Golden questions that were not cut, as a file, and the submission that PyTorch would hand in. */
function golden(): { csv: string; submission: string } {
  const { items } = JSON.parse(readFileSync(`${BERT}/golden.json`, 'utf8')) as { items: Item[] }
  const kept = items.filter(({ truncated, options }) => !truncated.includes(true) && options.every((option) => option.trim() !== ''))
  const letters = Array.from('ABCDEFGH')
  const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`
  const rows = kept.map(({ prompt, context, options }, id) =>
    [String(id), cell(prompt), ...letters.map((_, i) => cell(options[i] ?? '')), cell(context ?? '')].join(),
  )
  return {
    csv: [`id,prompt,${letters.join()},context`, ...rows, ''].join('\n'),
    submission: ['id,prediction', ...kept.map(({ ranking }, id) => `${id},${ranking}`), ''].join('\n'),
  }
}

/** Drops files on the page as a hand would, wherever it is. */
async function drop(page: Page, files: { name: string; buffer: Buffer }[]): Promise<void> {
  const data = await page.evaluateHandle(
    (list) => {
      const transfer = new DataTransfer()
      for (const { name, base64 } of list) transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name))
      return transfer
    },
    files.map(({ name, buffer }) => ({ name, base64: buffer.toString('base64') })),
  )
  await page.dispatchEvent('main', 'drop', { dataTransfer: data })
}
/** What the browser's own window would give: a page's private directory is a handle of the same kind. */
const pickPrivateDirectory = (page: Page): Promise<void> =>
  page.evaluate(() => {
    Object.assign(globalThis, { showDirectoryPicker: () => navigator.storage.getDirectory() })
  })
/** Every folder of the page's private directory: the files in it, as base64. */
function readDirectories(page: Page): Promise<Record<string, Record<string, string>>> {
  return page.evaluate(async () => {
    interface Directory {
      values(): AsyncIterable<FileSystemHandle & Directory & { getFile(): Promise<File> }>
    }
    const folders: Record<string, Record<string, string>> = {}
    const root = (await navigator.storage.getDirectory()) as unknown as Directory
    for await (const folder of root.values()) {
      const files: Record<string, string> = {}
      for await (const handle of folder.values()) {
        const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer())
        files[handle.name] = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
      }
      folders[folder.name] = files
    }
    return folders
  })
}
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe: run } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }> }
    }
    return (await run.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)
  })
}
const isScrolledSideways = (page: Page): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
const ready = (page: Page) => page.getByText('Ready', { exact: true }).first().waitFor({ state: 'attached', timeout: 60_000 })
const choose = (page: Page, files: ReturnType<typeof checkpoint>) => page.locator('input[type=file][multiple]').first().setInputFiles(files)

const scratch = mkdtempSync(join(tmpdir(), 'pagewise-'))
afterAll(() => {
  rmSync(scratch, { recursive: true })
})
/** A folder as a training run leaves it: the checkpoint among more files than a directory is read at a time (100), and a folder of its own. */
function folderOnDisk(): string {
  const folder = join(scratch, 'my checkpoint')
  mkdirSync(join(folder, 'logs'), { recursive: true })
  for (let i = 0; i < 130; i++) writeFileSync(join(folder, `a${i}.txt`), 'step')
  writeFileSync(join(folder, 'logs', 'config.json'), '{"model_type": "gpt2"}')
  for (const name of NAMES) copyFileSync(`${BERT}/${name}`, join(folder, name))
  return folder
}
/** The checkpoint with so many words that its weights take several pieces: 20 MB. */
function bigFolder(): string {
  const folder = join(scratch, 'big')
  mkdirSync(folder)
  const words = 150_000
  const whole = bytesOf('model.safetensors')
  const end = 8 + Number(whole.readBigUInt64LE())
  type Entry = { dtype: string; shape: number[]; data_offsets: [number, number] }
  const header = JSON.parse(whole.subarray(8, end).toString()) as Record<string, Entry>
  const table = header['bert.embeddings.word_embeddings.weight']!
  // Its rows lie behind all others now; the old ones are nobody's, so the other tensors move up.
  const [from, to] = table.data_offsets
  const data = Buffer.concat([whole.subarray(end, end + from), whole.subarray(end + to)])
  for (const entry of Object.values(header))
    if (entry.data_offsets?.[0] >= to) entry.data_offsets = entry.data_offsets.map((at) => at - (to - from)) as [number, number]
  table.shape = [words, table.shape[1]!]
  const rows = Buffer.alloc(words * table.shape[1]! * 4)
  table.data_offsets = [data.length, data.length + rows.length]
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, json, data, rows]))
  const config = JSON.parse(bytesOf('config.json').toString()) as object
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, vocab_size: words }))
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(`${BERT}/${name}`, join(folder, name))
  return folder
}
/** Drops what lies at `path`, as the system does where a hand lets go of it. */
async function dropFromDisk(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [path], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data })
  await session.detach()
}

describe('a model of one’s own', () => {
  it('is dropped, compiled, and answers as PyTorch does, offline', async () => {
    const { page, context, errors } = await pages.visit()
    await ready(page)
    await page.evaluate(() => localStorage.setItem('pagewise.settings', JSON.stringify({ openBook: { library: 'off' } })))
    await page.reload()
    await ready(page)
    await drop(page, checkpoint())
    await page.getByRole('button', { name: 'Make the model' }).waitFor()
    expect(page.url()).toContain('#models')
    expect(await page.getByRole('radio', { name: '8-bit · ' }).isChecked()).toBe(true)
    await shoot(page, 'models-chosen')
    expect(await violations(page)).toEqual([])
    await page.getByRole('radio', { name: '32-bit · ' }).check()
    await page.getByLabel('Name of the model').fill('My BERT')
    await page.getByRole('button', { name: 'Make the model' }).click()
    await page.getByText('My BERT is ready.').first().waitFor({ timeout: 60_000 })
    await context.setOffline(true)
    await page.getByRole('button', { name: 'Use for answers' }).click()
    await page.locator('footer').getByText('My BERT').waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Measure the speed of My BERT' }).click()
    await page
      .getByText(/questions\/s on your CPU/)
      .first()
      .waitFor({ timeout: 60_000 })
    await shoot(page, 'models-own')
    expect(await violations(page)).toEqual([])

    await page.goto(page.url().replace(/#.*/, '#ask'))
    await page.getByText('Answered by My BERT, a model of yours.').waitFor()
    await page.goto(page.url().replace(/#.*/, '#answer'))
    const { csv, submission } = golden()
    await openFile(page, 'golden.csv', csv)
    await page.getByText(/^My BERT · No answer/).waitFor()
    await answerAll(page)
    expect(await download(page, 'Download submission.csv')).toBe(submission)
    expect(errors).toEqual([])
  })

  it.each([
    ['dropped', dropFromDisk],
    ['picked', (page: Page, path: string) => page.locator('input[type=file][webkitdirectory]').setInputFiles(path)],
  ] as const)('is found in a folder that is %s', async (_, bring) => {
    const { page, errors } = await pages.visit({ hash: '#models' })
    await ready(page)
    await bring(page, folderOnDisk())
    await page.getByRole('button', { name: 'Make the model' }).click({ timeout: 60_000 })
    await page.getByText('my checkpoint is ready.').first().waitFor({ timeout: 60_000 })
    expect(errors).toEqual([])
  })

  it('is exported as the files that the command line writes, into a folder that was picked', async () => {
    const { page, errors } = await pages.visit({ hash: '#models' })
    await pickPrivateDirectory(page)
    await choose(page, checkpoint())
    await page.getByLabel('Name of the model').fill('My BERT')
    await page.getByRole('button', { name: 'Make the model' }).click()
    const button = page.getByRole('button', { name: 'Export My BERT into a folder' })
    await button.click({ timeout: 60_000 })
    await page.getByText('Written into the folder My-BERT.').first().waitFor()
    await shoot(page, 'models-exported')
    expect(await violations(page)).toEqual([])
    await button.click()
    await page.getByText('Written into the folder My-BERT-2.').first().waitFor()

    const written = await readDirectories(page)
    const out = join(scratch, 'compiled')
    execFileSync('node', [COMMAND, 'compile', BERT, '--out', out], { stdio: 'pipe' })
    const names = ['stems.json', 'tokenizer.json', 'weights.q8.safetensors']
    const expected = Object.fromEntries(names.map((name) => [name, readFileSync(join(out, name)).toString('base64')]))
    for (const folder of ['My-BERT', 'My-BERT-2']) {
      const { 'model.json': manifest, ...files } = written[folder]!
      expect(files).toEqual(expected)
      // What a model is called, where it comes from and who made its self-test is not the same.
      const essence = (json: string): unknown => ({
        ...(JSON.parse(json) as object),
        id: '',
        title: '',
        source: '',
        licence: '',
        selfTest: null,
      })
      const own = Buffer.from(manifest!, 'base64').toString()
      expect(essence(own)).toEqual(essence(readFileSync(join(out, 'model.json'), 'utf8')))
      mkdirSync(join(scratch, folder))
      for (const [name, base64] of Object.entries(written[folder]!))
        writeFileSync(join(scratch, folder, name), Buffer.from(base64, 'base64'))
    }
    const path = join(scratch, 'golden.csv')
    writeFileSync(path, golden().csv)
    const answered = (model: string): string =>
      execFileSync('node', [COMMAND, 'score', path, '--library', 'off', '--model', model], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    expect(answered(join(scratch, 'My-BERT'))).toBe(answered(out))
    expect(errors).toEqual([])
  })

  it('leaves no folder behind where its export is cancelled', async () => {
    const { page, errors } = await pages.visit({ hash: '#models' })
    await pickPrivateDirectory(page)
    await page.locator('input[type=file][webkitdirectory]').setInputFiles(bigFolder())
    await page.getByRole('radio', { name: '32-bit · ' }).check()
    await page.getByRole('button', { name: 'Make the model' }).click()
    const button = page.getByRole('button', { name: 'Export big into a folder' })
    await button.waitFor({ timeout: 60_000 })
    await page.evaluate(() => {
      // Cancelled as soon as there is something to cancel, which no hand is quick enough for.
      new MutationObserver((_, observer) => {
        if (!document.querySelector('[aria-label="How far the export is"]')) return
        observer.disconnect()
        Object.assign(globalThis, { isCancelled: true })
        ;[...document.querySelectorAll('button')].find(({ textContent }) => textContent.trim() === 'Cancel')!.click()
      }).observe(document.body, { subtree: true, childList: true })
    })
    await button.click()
    await page.waitForFunction(() => 'isCancelled' in globalThis)
    await page.locator('button[aria-label="Export big into a folder"]:enabled').waitFor()
    const told = await page.getByText('Written into the folder').count()
    expect([told, await readDirectories(page), errors]).toEqual([0, {}, []])
  })

  it('is renamed, exported, deleted, taken back, deleted for good and taken in again', async () => {
    const { page, context, errors } = await pages.visit({ hash: '#models' })
    await choose(page, checkpoint())
    await page.getByLabel('Name of the model').fill('My BERT')
    await page.getByRole('button', { name: 'Make the model' }).click()
    await page.getByRole('button', { name: 'Rename My BERT' }).click({ timeout: 60_000 })
    await page.getByLabel('New name of the model').fill('Better BERT')
    await page.getByRole('button', { name: 'Save' }).click()
    const [exported] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export Better BERT as a file' }).click(),
    ])
    const tar = { name: 'Better-BERT.tar', mimeType: 'application/x-tar', buffer: readFileSync(await exported.path()) }
    expect(exported.suggestedFilename()).toBe('Better-BERT.tar')

    const row = page.getByRole('heading', { name: 'Better BERT' })
    await page.getByRole('button', { name: 'Delete Better BERT' }).click()
    await row.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Undo' }).click()
    await row.waitFor()
    await page.getByRole('button', { name: 'Delete Better BERT' }).click()
    await page.getByText('Better BERT deleted.').waitFor({ state: 'detached', timeout: 20_000 })
    await page.reload()
    await page.getByText('built in', { exact: true }).waitFor()
    expect(await row.count()).toBe(0)

    await context.setOffline(true)
    await drop(page, [tar])
    await page.getByRole('button', { name: 'Add the model' }).click()
    await page.getByText('Better BERT is ready.').first().waitFor({ timeout: 60_000 })
    await context.setOffline(false)
    expect(errors.filter((error) => !error.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([])
  })

  it('is refused in one sentence when something is wrong with it, and nothing is kept', async () => {
    const { page, errors } = await pages.visit({ hash: '#models' })
    const refused: [ReturnType<typeof checkpoint>, RegExp][] = [
      [checkpoint(['tokenizer.json']), /There is no tokenizer\.json in the chosen files/],
      [checkpoint(['config.json']), /There is no config\.json in the chosen files/],
      [
        [...checkpoint(['model.safetensors']), payload('model.safetensors', bytesOf('model.safetensors').subarray(0, 5_000))],
        /cannot be read/,
      ],
      [
        [...checkpoint(['config.json']), payload('config.json', Buffer.from('{"model_type": "gpt2"}'))],
        /model_type in config\.json is "gpt2"/,
      ],
      [[payload('notes.tar', Buffer.from('not an archive'.repeat(99)))], /is not an exported model/],
    ]
    for (const [files, sentence] of refused) {
      await choose(page, files)
      await page.getByRole('alert').getByText(sentence).waitFor()
    }
    await shoot(page, 'models-refused')
    expect(await violations(page)).toEqual([])
    expect(await page.getByRole('button', { name: 'Make the model' }).count()).toBe(0)
    expect(errors).toEqual([])
  })

  it('comes from an address too, and only that address is asked', async () => {
    const asked: string[] = []
    const host = createServer((request, response) => {
      asked.push(request.url ?? '')
      const name = NAMES.find((candidate) => request.url === `/my-bert/${candidate}`)
      response.writeHead(name ? 200 : 404, { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' })
      response.end(name ? bytesOf(name) : '')
    }).listen(0, '127.0.0.1')
    try {
      const { page } = await pages.visit({ hash: '#models' })
      const { port } = host.address() as AddressInfo
      await page.getByLabel('From an address').fill(`http://127.0.0.1:${port}/my-bert`)
      await page.getByRole('button', { name: 'Fetch' }).click()
      await page.getByRole('button', { name: 'Make the model' }).click({ timeout: 60_000 })
      await page.getByText('my-bert is ready.').first().waitFor({ timeout: 60_000 })
      expect(asked.filter((path) => !path.startsWith('/my-bert/'))).toEqual([])
      await page.getByLabel('From an address').fill(`http://127.0.0.1:${port}/nothing-here`)
      await page.getByRole('button', { name: 'Fetch' }).click()
      await page
        .getByRole('alert')
        .getByText(/There is no config\.json in/)
        .waitFor()
    } finally {
      host.close()
    }
  })

  it.each([
    [360, 'light'],
    [390, 'dark'],
    [1280, 'dark'],
  ] as const)('fits at %i px in the %s theme, in both languages', async (width, theme) => {
    const { page, errors } = await pages.visit({ width, height: 820, theme, hash: '#models' })
    await ready(page)
    await choose(page, checkpoint())
    const scrolled: string[] = []
    for (const language of ['English', '简体中文']) {
      await page.getByLabel(/^(Language|语言)$/).selectOption({ label: language })
      await page.locator('form.sheet').evaluate((form) => {
        form.scrollIntoView({ block: 'center' })
      })
      await shoot(page, `models-chosen-${width}-${theme}-${language === 'English' ? 'en' : 'zh'}`)
      if (await isScrolledSideways(page)) scrolled.push(language)
    }
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: '制作模型' }).click()
    await page.getByText('已可使用').first().waitFor({ state: 'attached', timeout: 60_000 })
    await shoot(page, `models-own-${width}-${theme}`)
    if (await isScrolledSideways(page)) scrolled.push('made')
    expect([scrolled, errors]).toEqual([[], []])
  })
})
