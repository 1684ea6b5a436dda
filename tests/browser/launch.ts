// Starts the system's Chromium and a server for it. The software WebGPU adapter is correct and slow: good for tests, never for speed.
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { createServer, preview, type Plugin, type ViteDevServer } from 'vite'
import { mkdirSync } from 'node:fs'
import { findChromium } from '../../scripts/chromium.mjs'

export const ROOT = process.cwd() // of the repository: every npm script runs there
const QUIET = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
export const SOFTWARE_WEBGPU = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--ignore-gpu-blocklist',
]
/** The machine's own GPU, where it has one that Chromium takes. */
export const HARDWARE_WEBGPU = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-vulkan=native',
  '--use-angle=vulkan',
  '--ignore-gpu-blocklist',
]

export async function launch(args: string[] = []): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('no Chromium found: install chromium, or set PAGEWISE_CHROMIUM to its path')
  return chromium.launch({ executablePath, args: [...QUIET, ...args] })
}

/** A browser that keeps what pages store in `profile`, a folder; without one it is kept in memory. */
export async function launchWithProfile(profile: string, args: string[] = []): Promise<BrowserContext> {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('no Chromium found: install chromium, or set PAGEWISE_CHROMIUM to its path')
  return chromium.launchPersistentContext(profile, { executablePath, args: [...QUIET, ...args] })
}

export interface Served {
  address: string
  close(): Promise<void>
}

/** The sources through Vite's development server: modules can be imported one by one by their path below the repository. */
export async function serveSources(): Promise<Served> {
  const server: ViteDevServer = await createServer({
    root: `${ROOT}/src`,
    configFile: `${ROOT}/vite.config.ts`,
    logLevel: 'error',
    server: { port: 0, hmr: false },
    // Every package is found before the first page asks: one that is found later makes Vite throw away what it served.
    optimizeDeps: { entries: ['tests/browser/page/*.ts', 'tests/bench/page.ts', 'src/worker/*.ts'].map((path) => `${ROOT}/${path}`) },
  })
  await server.listen()
  return { address: server.resolvedUrls!.local[0]!, close: () => server.close() }
}

/** The built page, as `npm start` serves it; `plugins` may serve more beside it. */
export async function serveBuild(plugins: Plugin[] = []): Promise<Served> {
  const server = await preview({
    root: `${ROOT}/src`,
    configFile: `${ROOT}/vite.config.ts`,
    logLevel: 'error',
    preview: { port: 0 },
    plugins,
  })
  return { address: server.resolvedUrls!.local[0]!, close: () => server.close() }
}

/** What the page printed to its console as errors; a test asserts that this stays empty. */
export function collectErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  return errors
}

/** Screenshots of what the tests saw, for people to look at: tests/output/shots. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(`${ROOT}/tests/output/shots`, { recursive: true })
  await page.screenshot({ path: `${ROOT}/tests/output/shots/${name}.png` })
}

export type { Browser, BrowserContext, Page }
