// A page of the development server in which single modules of the sources can be called. With `isIsolated: false` the headers that make a
// page cross-origin isolated are left out, as on a host that cannot send them.
import { afterAll, beforeAll } from 'vitest'
import { launch, ROOT, serveSources, type Browser, type Page, type Served } from './launch'

export interface Sources {
  /** Calls an exported function of tests/browser/page/<module>. */
  call<Result>(module: string, name: string, parameter?: unknown): Promise<Result>
}

export function useSources(options: { args?: string[]; isIsolated?: boolean } = {}): Sources {
  let served: Served
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    served = await serveSources()
    browser = await launch(options.args)
    page = await browser.newPage()
    if (options.isIsolated === false) {
      await page.context().route('**/*', async (route) => {
        const response = await route.fetch()
        const headers = Object.fromEntries(Object.entries(response.headers()).filter(([name]) => !name.startsWith('cross-origin-')))
        await route.fulfill({ response, headers })
      })
    }
    // Any small page of the server will do: it is where the modules run.
    await page.goto(`${served.address}@fs${ROOT}/tests/browser/page/blank.html`)
  })
  afterAll(async () => {
    await browser.close()
    await served.close()
  })
  return {
    // As text, because the test runner would rewrite an import() inside a function.
    call: (module, name, parameter) =>
      page.evaluate(`import('/@fs${ROOT}/tests/browser/page/${module}.ts').then((m) => m.${name}(${JSON.stringify(parameter) ?? ''}))`),
  }
}

const fixture = (path: string): string => `/@fs${ROOT}/tests/fixtures/${path}`
export const EMBEDDED = { folder: '/models/default', golden: fixture('default/golden.json') }
export const TINY = { folder: fixture('tiny'), golden: fixture('tiny/golden.json') }
