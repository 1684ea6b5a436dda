// Every screen in both themes: no accessibility violation that axe knows, no sideways scroll, no error on the console.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { shoot } from '../browser/launch'
import { answerAll, openFile, sample, usePages } from './pages'

const pages = usePages()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SCREENS = ['answer', 'ask', 'evaluate', 'models', 'library', 'history'] as const

type Page = import('playwright-core').Page
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe: run } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }> }
    }
    const { violations: found } = await run.run()
    return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)
  })
}
const isScrolledSideways = (page: Page): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth > innerWidth)

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  it.each(SCREENS)('%s has no violation that axe finds', async (screen) => {
    const { page, errors } = await pages.visit({ theme, hash: `#${screen}` })
    await page.getByText('Ready', { exact: true }).waitFor({ timeout: 60_000 })
    await shoot(page, `${screen}-${theme}`)
    expect(await violations(page)).toEqual([])
    expect(errors).toEqual([])
  })
  it('a finished run with its drawer open, and its evaluation, have none either', async () => {
    const { page } = await pages.visit({ theme })
    await openFile(page, 'exam.csv', sample('science-exam-context.csv'))
    await answerAll(page)
    await page.locator('[role=row][data-position="1"]').click()
    await page.getByRole('dialog').waitFor()
    expect(await violations(page)).toEqual([])
    await page.goto(page.url().split('#')[0]! + '#evaluate/report')
    await page.getByText(/MAP@3/).first().waitFor()
    await shoot(page, `report-${theme}`)
    expect(await violations(page)).toEqual([])
  })
})

describe.each([1280, 760, 390, 360])('at %i px', (width) => {
  it('no screen scrolls sideways', async () => {
    const { page } = await pages.visit({ width, height: 800 })
    await page.getByText('Ready', { exact: true }).first().waitFor({ state: 'attached', timeout: 60_000 })
    const scrolled: string[] = []
    for (const screen of SCREENS) {
      await page.goto(page.url().split('#')[0]! + `#${screen}`)
      await page.locator('h1').first().waitFor()
      await shoot(page, `${screen}-${width}`)
      if (await isScrolledSideways(page)) scrolled.push(screen)
    }
    await page.goto(page.url().split('#')[0]! + '#answer')
    await openFile(page, 'exam.csv', sample('science-exam-context.csv'))
    await page.getByRole('button', { name: /^Answer 80/ }).waitFor()
    await shoot(page, `mapped-${width}`)
    if (await isScrolledSideways(page)) scrolled.push('mapped')
    await answerAll(page)
    await shoot(page, `done-${width}`)
    if (await isScrolledSideways(page)) scrolled.push('done')
    expect(scrolled).toEqual([])
  })
})

describe('in Chinese', () => {
  it('the page is Chinese throughout and stays so after a reload', async () => {
    const { page } = await pages.visit()
    await page.getByLabel('Language').selectOption({ label: '简体中文' })
    await page
      .getByRole('heading', { level: 1 })
      .getByText(/[\u4e00-\u9fff]/)
      .waitFor()
    await page.reload()
    await page
      .getByRole('heading', { level: 1 })
      .getByText(/[\u4e00-\u9fff]/)
      .waitFor()
    expect(await page.locator('html').getAttribute('lang')).toMatch(/^zh/)
    await shoot(page, 'answer-zh')
  })
})
