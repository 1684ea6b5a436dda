// The job that everything stands on: drop a file, look at the columns, run, take submission.csv home.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, shoot, type Page } from '../browser/launch'
import { answerAll, download, longCsv, openFile, sample, usePages } from './pages'

const pages = usePages()

/** What the command line makes of the same file. */
function fromTerminal(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'pagewise-'))
  writeFileSync(join(folder, 'in.csv'), content)
  execFileSync('node', [`${ROOT}/dist/cli/main.mjs`, 'score', join(folder, 'in.csv'), '--out', join(folder, 'out.csv')], {
    stdio: 'ignore',
  })
  return readFileSync(join(folder, 'out.csv'), 'utf8')
}

/** Rows of the latest checkpoint in the page's database. */
function storedRows(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('pagewise')
        opening.onerror = () => {
          reject(new Error('the database cannot be opened'))
        }
        opening.onsuccess = () => {
          const all = opening.result.transaction('runs').objectStore('runs').getAll() as IDBRequest<{ done: number }[]>
          all.onsuccess = () => {
            opening.result.close()
            resolve(Math.max(0, ...all.result.map(({ done }) => done)))
          }
        }
      }),
  )
}

describe('a dropped file', () => {
  it('is answered row by row, and submission.csv is what the command line gives', async () => {
    const { page, errors } = await pages.visit()
    const csv = sample('science-exam-context.csv')
    await openFile(page, 'exam.csv', csv)
    await page.getByRole('heading', { name: 'exam.csv' }).waitFor()
    await shoot(page, 'mapped')
    await answerAll(page)
    await shoot(page, 'done')
    const submission = await download(page, 'Download submission.csv')
    expect(submission).toBe(fromTerminal(csv))
    expect(errors).toEqual([])
  })
  it('gives a report with a probability for every option', async () => {
    const { page } = await pages.visit()
    await openFile(page, 'two.csv', 'id,prompt,A,B\n=1+1,What is wet?,water,stone\n2,What is hot?,ice,fire\n')
    await answerAll(page)
    const report = await download(page, 'Full report (CSV)')
    const [header, first] = report.split('\n')
    expect(header?.trim()).toBe('id,ranking,probability_A,probability_B,confidence,answer,place,passages,problems')
    expect(first).toMatch(/^'=1\+1,/)
  })
  it('shows a row with its options in a drawer, and goes on with the keyboard', async () => {
    const { page } = await pages.visit()
    await openFile(page, 'exam.csv', sample('science-exam-context.csv'))
    await answerAll(page)
    await page.locator('[role=row][data-position="0"]').click()
    const drawer = page.getByRole('dialog')
    await drawer.waitFor()
    const first = await drawer.innerText()
    await shoot(page, 'drawer')
    await page.keyboard.press('j')
    await expect.poll(() => drawer.innerText()).not.toBe(first)
    await page.keyboard.press('Escape')
    await expect.poll(() => drawer.count()).toBe(0)
  })
  it('can be answered with the keyboard alone', async () => {
    const { page } = await pages.visit()
    await openFile(page, 'two.csv', 'id,prompt,A,B\n1,What is wet?,water,stone\n2,What is hot?,ice,fire\n')
    await page.getByRole('button', { name: 'Answer 2 questions' }).waitFor()
    await page.keyboard.press('Control+Enter')
    await page.getByRole('button', { name: 'Download submission.csv' }).waitFor()
  })
  it('has its columns corrected before the run', async () => {
    const { page } = await pages.visit()
    await openFile(page, 'odd.csv', 'nr,text,first,second,third\n7,Which of these is a metal?,iron,wood,glass\n')
    await page.getByRole('heading', { name: 'odd.csv' }).waitFor()
    await page.getByLabel('Column for Question').selectOption({ label: 'text' })
    for (const column of ['first', 'second', 'third']) {
      await page.getByLabel('Column for Another option').selectOption({ label: column })
      await page
        .getByRole('row', { name: new RegExp(`^Option [ABC].*${column}`) })
        .last()
        .waitFor()
    }
    await page.getByLabel('Column for Row id').selectOption({ label: 'nr' })
    await answerAll(page)
    expect(await download(page, 'Download submission.csv')).toMatch(/^id,prediction\r?\n7,[ABC] [ABC] [ABC]\r?\n$/)
  })
})

describe('a run', () => {
  it('is paused, survives a reload, and ends in the same bytes', async () => {
    const csv = longCsv(2)
    const { page } = await pages.visit()
    await openFile(page, 'long.csv', csv)
    await page.getByRole('button', { name: 'Answer 160 questions' }).click()
    await expect.poll(() => page.getByRole('progressbar').first().getAttribute('aria-valuenow'), { timeout: 30_000 }).not.toBe('0')
    await page.locator('#main').getByRole('button', { name: 'Pause' }).click()
    await page
      .getByText(/^Paused at \d+ of 160/)
      .first()
      .waitFor()
    await shoot(page, 'paused')
    await page.goto(page.url().split('#')[0]!)
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Download submission.csv' }).waitFor({ timeout: 90_000 })
    expect(await download(page, 'Download submission.csv')).toBe(fromTerminal(csv))
  })
  it('that is cut off by a reload goes on where it was', async () => {
    const { page } = await pages.visit()
    await openFile(page, 'long.csv', longCsv(4))
    await page.getByRole('button', { name: 'Answer 320 questions' }).click()
    await page
      .getByText(/^Answering [1-9]\d+ of 320/)
      .first()
      .waitFor({ timeout: 30_000 })
    await expect.poll(() => storedRows(page), { timeout: 30_000 }).toBeGreaterThan(0)
    await page.reload()
    await page.getByRole('button', { name: 'Resume' }).first().click()
    await page.getByRole('button', { name: 'Download submission.csv' }).waitFor({ timeout: 90_000 })
    expect((await download(page, 'Download submission.csv')).trim().split('\n').length).toBe(321)
  })
  it('that is stopped keeps what is answered and has a line for every row', async () => {
    const { page } = await pages.visit()
    await openFile(page, 'long.csv', longCsv(4))
    await page.getByRole('button', { name: 'Answer 320 questions' }).click()
    await page
      .getByText(/^Answering [1-9]\d+ of 320/)
      .first()
      .waitFor({ timeout: 30_000 })
    await page.locator('#main').getByRole('button', { name: 'Pause' }).click()
    await page
      .getByText(/^Paused at/)
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    // Asked only where the rest would take more than ten seconds.
    const confirm = page.getByRole('button', { name: 'Stop here' })
    const end = page.getByRole('button', { name: 'Download submission.csv' })
    await confirm.or(end).first().waitFor()
    if (await confirm.isVisible()) await confirm.click()
    await end.waitFor()
    expect((await download(page, 'Download submission.csv')).trim().split('\n').length).toBe(321)
  })
  it('is answered where the browser has no room to keep it, and that is said', async () => {
    const { page, errors } = await pages.visit({ quotaBytes: 1_000_000 })
    const notes = 'read by nobody '.repeat(10_000)
    const rows = sample('science-exam-context.csv').trimEnd().split('\n').slice(0, 21)
    const csv = rows.map((row, i) => `${row},${i === 0 ? 'notes' : notes}`).join('\n')
    await openFile(page, 'exam.csv', csv)
    await page.getByRole('button', { name: 'Answer 20 questions' }).click()
    await page.getByRole('alert').getByText('This browser has no room to keep the answers').waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Download submission.csv' }).waitFor({ timeout: 60_000 })
    await shoot(page, 'unkept')
    expect((await download(page, 'Download submission.csv')).trimEnd().split('\n').length).toBe(21)
    expect(errors).toEqual([])
  })
})
