// From opening the built page to the first answer of a typed question: on a first visit and on one whose weights are stored. What was
// fetched counts the bytes of all responses; peak memory is the high-water mark of the page's process, as the system counts it (Linux).
import { launch, serveBuild, type Browser, type BrowserContext } from '../browser/launch'
import { largestRenderer } from './memory'

export interface ColdStart {
  visit: string
  usableSeconds: number
  answerSeconds: number
  fetchedBytes: number
  peakBytes: number
}

export async function coldStart(): Promise<ColdStart[]> {
  const served = await serveBuild()
  const browser: Browser = await launch()
  const context = await browser.newContext()
  const starts = [await visit(context, served.address, 'first'), await visit(context, served.address, 'weights stored')]
  await browser.close()
  await served.close()
  return starts
}

async function visit(context: BrowserContext, address: string, name: string): Promise<ColdStart> {
  const page = await context.newPage()
  let fetchedBytes = 0
  page.on('requestfinished', (request) => {
    void request.sizes().then(({ responseBodySize }) => (fetchedBytes += Math.max(0, responseBodySize)))
  })
  const startedAt = performance.now()
  await page.goto(`${address}#ask`)
  await page.getByLabel('Question', { exact: true }).waitFor()
  const usableSeconds = (performance.now() - startedAt) / 1000
  // Open book would fetch the library too; the model alone is what is measured.
  await page.getByText('None', { exact: true }).click()
  await page.getByLabel('Question', { exact: true }).fill('Which gas do plants take from the air?')
  await page.getByLabel('Option A', { exact: true }).fill('Carbon dioxide')
  await page.getByLabel('Option B', { exact: true }).fill('Helium')
  await page.getByLabel('Question', { exact: true }).press('Control+Enter')
  await page
    .getByText(/, a clear lead\.|, ahead of .+\.|A close call between/)
    .first()
    .waitFor({ timeout: 60_000 })
  const answerSeconds = (performance.now() - startedAt) / 1000
  const peakBytes = largestRenderer()
  await page.close()
  return { visit: name, usableSeconds, answerSeconds, fetchedBytes, peakBytes }
}
