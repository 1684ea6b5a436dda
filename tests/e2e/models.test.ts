// A model of one's own in a real browser: a checkpoint dropped on the page is compiled, answers a file with the rankings of PyTorch, is renamed, exported,
// deleted, taken back and taken in again. Everything after the drop happens without the network.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ROOT, shoot, type Page } from '../browser/launch'
import { answerAll, download, openFile, usePages } from './pages'

const pages = usePages()
const BERT = `${ROOT}/tests/fixtures/checkpoints/bert-wordpiece`
const NAMES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']
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
      [checkpoint(['tokenizer.json']), /lacks tokenizer\.json/],
      [checkpoint(['config.json']), /lacks config\.json/],
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
        .getByText(/lacks config\.json/)
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
