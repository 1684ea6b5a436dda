// One page a contender, because onnxruntime-web fixes its threads when it is first used. The sources are served by Vite.
import { readFileSync } from 'node:fs'
import { launch, ROOT, serveSources } from '../browser/launch'
import type { Spec } from './page'
import type { TimedQuestion } from './sets'

export interface TimedPage {
  first: number
  run(questions: TimedQuestion[]): Promise<number>
}
export interface Pages {
  peerUrl: string
  browserVersion: string
  open(spec: Spec, first: TimedQuestion): Promise<TimedPage>
  close(): Promise<void>
}

export async function openPages(peerPath: string | undefined): Promise<Pages> {
  const served = await serveSources()
  const browser = await launch()
  const module = `/@fs${ROOT}/tests/bench/page.ts`
  return {
    peerUrl: '/peer.onnx',
    browserVersion: `Chromium ${browser.version()}`,
    async open(spec, first) {
      const page = await browser.newPage()
      if (peerPath)
        await page.route('**/peer.onnx', (route) =>
          route.fulfill({ body: readFileSync(peerPath), contentType: 'application/octet-stream' }),
        )
      await page.goto(`${served.address}@fs${ROOT}/tests/browser/page/blank.html`)
      const call = (name: string, argument: unknown): Promise<number> =>
        page.evaluate(`import('${module}').then((m) => m.${name}(${JSON.stringify(argument)}))`)
      return { first: await call('open', { spec, first }), run: (questions) => call('run', questions) }
    },
    async close() {
      await browser.close()
      await served.close()
    },
  }
}
