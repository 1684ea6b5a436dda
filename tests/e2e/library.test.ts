// Open book in a real browser: search the embedded library, index files of one's own, take them away as a pack and bring them back.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { shoot } from '../browser/launch'
import { usePages } from './pages'

const pages = usePages()
const bytes = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })
const NOTES = bytes('notes.csv', 'title,text\nBees,Honey bees make honey from nectar.\nRocks,Granite is a rock that cools slowly.\n')
const QUESTIONS = bytes('bees.csv', 'id,prompt,A,B\n1,What do honey bees make from nectar?,Honey,Granite\n')

describe('the Library screen', () => {
  it('fetches the embedded library only when it is searched, and says where a passage comes from', async () => {
    const { page, requests, errors } = await pages.visit({ hash: '#library' })
    await page.getByRole('heading', { name: 'OpenStax textbooks' }).waitFor()
    const fetchedAtFirst = requests.filter((path) => path.endsWith('.bin'))
    await page.getByLabel('Words to look up').fill('osmosis water turgor')
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.locator('article').first().waitFor({ timeout: 60_000 })
    expect(await page.locator('article .caption').first().textContent()).toMatch(/OpenStax, .*, CC BY 4\.0/)
    expect(await page.locator('article mark').count()).toBeGreaterThan(0)
    expect([fetchedAtFirst, errors]).toEqual([[], []])
    await shoot(page, 'library')
  })
  it('indexes files, answers from them, and takes them away and back as a pack', async () => {
    const { page, errors } = await pages.visit({ hash: '#library' })
    await page.locator('input[type=file][multiple]').first().setInputFiles(NOTES)
    await page.getByLabel('Name of the library').fill('My notes')
    await page.getByRole('button', { name: 'Index' }).click()
    await page.getByText('My notes is ready: 2 passages.').first().waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export My notes as a file' }).click(),
    ])
    const pack = { name: 'My-notes.tar', mimeType: 'application/x-tar', buffer: readFileSync(await download.path()) }
    await page.getByRole('button', { name: 'Delete My notes' }).click()
    await page.getByText('My notes deleted.').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.locator('input[type=file][accept=".tar"]').setInputFiles(pack)
    await page.getByText('My notes is ready: 2 passages.').first().waitFor()
    await page.getByRole('button', { name: 'Use My notes as open book' }).click()

    await page.goto(page.url().replace(/#.*/, '#answer'))
    await page.locator('input[type=file]').first().setInputFiles(QUESTIONS)
    await page.getByRole('button', { name: 'Answer 1 question' }).click()
    await page.getByRole('button', { name: 'Download submission.csv' }).waitFor({ timeout: 60_000 })
    await page.goto(page.url().replace(/#.*/, '#answer/done/row-1'))
    await page.getByText('Bees · notes.csv, row 1').waitFor()
    await shoot(page, 'open-book-row')
    expect(errors).toEqual([])
  })
})
