// Budgets are gates: what the page makes a visitor fetch, and what the repository weighs.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const ASSETS = join(ROOT, 'dist/page/assets')
const assets = readdirSync(ASSETS)
const gzipped = (name: string): number => gzipSync(readFileSync(join(ASSETS, name))).length
const one = (pattern: RegExp): string => {
  const found = assets.filter((name) => pattern.test(name))
  if (found.length !== 1) throw new Error(`${pattern} names ${found.join(', ') || 'nothing'}`)
  return found[0]!
}
/** Of the script and of what it cannot start without. */
function gzippedWithImports(name: string, seen = new Set<string>()): number {
  if (seen.has(name)) return 0
  seen.add(name)
  const imports = readFileSync(join(ASSETS, name), 'utf8').matchAll(/(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g)
  return [...imports].reduce((sum, match) => sum + gzippedWithImports(match[1]!, seen), gzipped(name))
}
const kB = 1000

describe('the built page', () => {
  it('needs at most 130 kB of script and style before it shows', () => {
    expect(gzipped(one(/^index-.*\.js$/)) + gzipped(one(/^index-.*\.css$/))).toBeLessThan(130 * kB)
  })
  it('needs at most 80 kB of script for its worker', () => {
    expect(gzippedWithImports(one(/^jobs\.worker-.*\.js$/))).toBeLessThan(80 * kB)
  })
  it('carries an engine of at most 40 kB for each build', () => {
    for (const name of assets.filter((asset) => /^engine-.*\.wasm$/.test(asset)))
      expect(statSync(join(ASSETS, name)).size).toBeLessThan(40 * kB)
  })
  it('precaches less than 4 MB for offline use, and nothing of onnxruntime or the weights', () => {
    const worker = readFileSync(join(ROOT, 'dist/page/sw.js'), 'utf8')
    const urls = [...worker.matchAll(/url:\s*["']([^"']+)["']/g)].map((match) => match[1]!)
    expect(urls.length).toBeGreaterThan(5)
    expect(urls.filter((url) => /ort|safetensors|\.bin$/.test(url))).toEqual([])
    expect(urls.reduce((sum, url) => sum + statSync(join(ROOT, 'dist/page', url)).size, 0)).toBeLessThan(4000 * kB)
  })
})

describe('what is served', () => {
  it('has 8-bit weights of at most 25 MB', () => {
    expect(statSync(join(ROOT, 'models/default/weights.q8.safetensors')).size).toBeLessThanOrEqual(25e6)
  })
  it('has a library of at most 20 MB', () => {
    const folder = join(ROOT, 'libraries/openstax')
    expect(readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)).toBeLessThanOrEqual(20e6)
  })
})

describe('the README', () => {
  it('has at most 150 lines', () => {
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(151)
  })
})
