// What is fetched, when, and what still works without a network.
import { describe, expect, it } from 'vitest'
import { ROOT } from '../browser/launch'
import { answerAll, openFile, usePages } from './pages'

const pages = usePages()
const TWO = 'id,prompt,A,B\n1,What is wet?,water,stone\n2,What is hot?,ice,fire\n'
const NOTES = {
  name: 'Notes.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from('title,text\nBees,Honey bees make honey.\nSun,The sun is a star.\n'),
}
const ready = (page: import('playwright-core').Page) => page.getByText('Ready', { exact: true }).waitFor({ timeout: 60_000 })

describe('a visit', () => {
  it('fetches the weights once and never again', async () => {
    const first = await pages.visit()
    await ready(first.page)
    await first.page.close()
    const second = await pages.visit({ context: first.context })
    await ready(second.page)
    const weights = (requests: string[]): string[] => requests.filter((path) => path.endsWith('.safetensors'))
    expect([weights(first.requests).length > 0, weights(second.requests)]).toEqual([true, []])
  })
  it('talks to its own origin only, and fetches nothing of onnxruntime for the CPU', async () => {
    const { page, requests, errors } = await pages.visit()
    const origins = new Set<string>()
    page.on('request', (request) => origins.add(new URL(request.url()).origin))
    await ready(page)
    await openFile(page, 'two.csv', TWO)
    await answerAll(page)
    expect([...origins].filter((origin) => origin !== new URL(page.url()).origin && origin !== 'null')).toEqual([])
    expect(requests.filter((path) => /ort[.-]/.test(path))).toEqual([])
    expect(errors).toEqual([])
  })
  it('fetches the library only when open book is used', async () => {
    const { page, requests } = await pages.visit()
    await ready(page)
    const before = requests.filter((path) => path.endsWith('.bin')).length
    await openFile(page, 'two.csv', TWO)
    await answerAll(page)
    const after = requests.filter((path) => path.endsWith('.bin')).length
    expect([before, after > 0]).toEqual([0, true])
  })
  it('works offline after the first one', async () => {
    const first = await pages.visit()
    await ready(first.page)
    await openFile(first.page, 'two.csv', TWO)
    await answerAll(first.page)
    await first.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await first.page.reload() // the service worker takes over
    await ready(first.page)
    await first.context.setOffline(true)
    const second = await pages.visit({ context: first.context })
    await ready(second.page)
    await openFile(second.page, 'two.csv', TWO)
    await answerAll(second.page)
    expect(await second.page.getByRole('button', { name: 'Download submission.csv' }).isVisible()).toBe(true)
  })
  it('embeds offline what it has embedded once, without a reload in between', async () => {
    const first = await pages.visit({ hash: '#library' })
    await first.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await first.page.locator('input[type=file][multiple]').first().setInputFiles(NOTES)
    await first.page.getByRole('button', { name: 'Index' }).click()
    await first.page.getByText('Notes is ready: 2 passages.').first().waitFor()
    await first.page.locator('input[webkitdirectory]').setInputFiles(`${ROOT}/tests/fixtures/embedder`)
    await first.page.getByLabel('Library', { exact: true }).selectOption({ label: 'Notes' })
    await first.page.getByRole('button', { name: 'Embed 2 passages' }).click()
    await first.page.getByText(/^Every passage has a vector/).waitFor({ timeout: 60_000 })
    expect(first.requests.filter((path) => /\/ort.*\.wasm$/.test(path)).length).toBe(1)

    await first.context.setOffline(true)
    const second = await pages.visit({ context: first.context, hash: '#library' })
    await second.page.getByLabel('Search in').selectOption({ label: 'Notes' })
    await second.page.getByLabel('Words to look up').fill('petrol') // in none of the passages: found by meaning alone
    await second.page.getByRole('button', { name: 'Search', exact: true }).click()
    await second.page.locator('article').first().waitFor({ timeout: 60_000 })
    expect(second.errors).toEqual([])
  })
  it('says so when the model cannot be fetched, and goes on when it can', async () => {
    const { page, context } = await pages.visit({ hash: '#ask', block: '**/*.safetensors' })
    await page
      .getByText(/could not be loaded|stopped at/)
      .first()
      .waitFor({ timeout: 30_000 })
    await context.unroute('**/*.safetensors')
    await page.reload()
    await ready(page)
  })
})
