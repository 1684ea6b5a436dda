// The built page in a real browser, one fresh profile a test.
import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { collectErrors, launch, ROOT, serveBuild, type Browser, type BrowserContext, type Page, type Served } from '../browser/launch'

export interface Visit {
  page: Page
  context: BrowserContext
  /** Paths of what was fetched over the network. */
  requests: string[]
  errors: string[]
}
export interface VisitOptions {
  width?: number
  height?: number
  theme?: 'light' | 'dark'
  hash?: string
  /** A context of an earlier visit: what it stored is still there. */
  context?: BrowserContext
  /** Requests that fail, as a URL pattern. */
  block?: string
  /** What the browser grants the page. */
  quotaBytes?: number
}

/** Starts the server and the browser once a file; `visit` opens the page. `plugins` may serve more beside it. */
export function usePages(plugins: Plugin[] = []) {
  let served: Served
  let browser: Browser
  const contexts: BrowserContext[] = []
  beforeAll(async () => {
    served = await serveBuild(plugins)
    browser = await launch()
  })
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close()
  })
  afterAll(async () => {
    await browser.close()
    await served.close()
  })
  return {
    async visit({ width = 1280, height = 860, theme = 'light', hash = '', context, block, quotaBytes }: VisitOptions = {}): Promise<Visit> {
      const opened =
        context ??
        (await browser.newContext({ viewport: { width, height }, colorScheme: theme, acceptDownloads: true, reducedMotion: 'reduce' }))
      if (!context) contexts.push(opened)
      if (block) await opened.route(block, (route) => route.abort())
      const page = await opened.newPage()
      if (quotaBytes !== undefined) {
        const session = await opened.newCDPSession(page)
        await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(served.address).origin, quotaSize: quotaBytes })
      }
      const requests: string[] = []
      page.on('request', (request) => requests.push(new URL(request.url()).pathname))
      const errors = collectErrors(page)
      await page.goto(served.address + hash)
      return { page, context: opened, requests, errors }
    },
  }
}

export const sample = (name: string): string => readFileSync(`${ROOT}/public/samples/${name}`, 'utf8')

/** The sample's rows repeated `times`, with ids of their own: a file that takes a while. */
export function longCsv(times: number): string {
  const [header = '', ...rows] = sample('science-exam-context.csv').trimEnd().split('\n')
  const repeated = Array.from({ length: times }, (_, t) => rows.map((row) => row.replace(/^(\d+)/, (id) => `${t}-${id}`)))
  return [header, ...repeated.flat()].join('\n') + '\n'
}

export async function openFile(page: Page, name: string, content: string | Buffer): Promise<void> {
  const buffer = typeof content === 'string' ? Buffer.from(content) : content
  await page.locator('input[type=file]').first().setInputFiles({ name, mimeType: 'text/csv', buffer })
}
/** Presses the primary action and waits for the end of the run. */
export async function answerAll(page: Page, timeout = 60_000): Promise<void> {
  await page.getByRole('button', { name: /^Answer \d+ question/ }).click()
  await page.getByRole('button', { name: 'Download submission.csv' }).waitFor({ timeout })
}
export async function download(page: Page, button: string): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()])
  return readFileSync(await file.path(), 'utf8')
}
