// Who may import whom (docs/architecture.md). The table is the test: it is printed when an import breaks it.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const SRC = resolve(import.meta.dirname, '../../src')
const ALLOWED: Record<string, string[]> = {
  core: ['core'],
  engine: ['engine'],
  jobs: ['jobs', 'core'],
  adapters: ['adapters', 'core'],
  worker: ['worker', 'core', 'jobs'],
  'worker/jobs.worker.ts': ['worker', 'core', 'jobs', 'adapters'],
  app: ['app', 'core', 'worker'],
  cli: ['cli', 'core', 'jobs', 'adapters'],
  'main.ts': ['app', 'worker'],
}
/** Adapters of different things do not know each other; node and browser parts of one thing lie in one folder. */
const SHARED_ADAPTERS = new Set<string>([])
/** What the page may use of the worker. */
const PAGE_WORKER = new Set(['worker/client.ts', 'worker/protocol.ts'])

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (name === 'build' || name === 'node_modules') return []
    return statSync(path).isDirectory() ? filesBelow(path) : /\.(ts|svelte)$/.test(name) ? [path] : []
  })
}
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map((match) => match[1]!.replace(/\?.*$/, ''))
}
function resolved(from: string, specifier: string): string {
  const path = resolve(dirname(from), specifier)
  for (const candidate of [path, `${path}.ts`, `${path}.svelte`, `${path}.svelte.ts`, join(path, 'index.ts')]) {
    try {
      if (statSync(candidate).isFile()) return relative(SRC, candidate)
    } catch {
      // the next candidate
    }
  }
  return relative(SRC, path)
}
const edges = filesBelow(SRC).flatMap((file) =>
  importsOf(file).map((specifier) => ({ from: relative(SRC, file), to: resolved(file, specifier) })),
)
const roomOf = (file: string): string => (file in ALLOWED ? file : file.split('/')[0]!)
const isCss = (file: string): boolean => file.endsWith('.css')

describe('rooms', () => {
  it('import only from the rooms that the table allows', () => {
    const broken = edges.filter(({ from, to }) => !isCss(to) && !(ALLOWED[roomOf(from)] ?? []).includes(to.split('/')[0]!))
    expect(broken, `allowed: ${JSON.stringify(ALLOWED, null, 1)}`).toEqual([])
  })
  it('keep adapters of different things apart', () => {
    const adapter = (file: string): string | undefined => (file.startsWith('adapters/') ? file.split('/')[1] : undefined)
    const broken = edges.filter(
      ({ from, to }) => adapter(from) && adapter(to) && adapter(from) !== adapter(to) && !SHARED_ADAPTERS.has(adapter(to)!),
    )
    expect(broken).toEqual([])
  })
  it('let the page see the client and the protocol of the worker, nothing else', () => {
    expect(edges.filter(({ from, to }) => from.startsWith('app/') && to.startsWith('worker/') && !PAGE_WORKER.has(to))).toEqual([])
  })
  it('have no import cycles', () => {
    const next = new Map<string, string[]>()
    for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to])
    const cycles: string[][] = []
    const state = new Map<string, 'open' | 'done'>()
    const visit = (file: string, path: string[]): void => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file])
        return
      }
      state.set(file, 'open')
      for (const to of next.get(file) ?? []) visit(to, [...path, file])
      state.set(file, 'done')
    }
    for (const file of next.keys()) visit(file, [])
    // Types may refer to each other in both directions; only whole cycles of values would be trouble, and there are none of either.
    expect(cycles).toEqual([])
  })
  it('keep files small enough to read in one go', () => {
    const long = filesBelow(SRC)
      .map((file) => ({ file: relative(SRC, file), lines: readFileSync(file, 'utf8').split('\n').length }))
      .filter(({ file, lines }) => lines > (file.endsWith('.svelte') ? 220 : file.includes('/text/') ? 800 : 360))
    expect(long).toEqual([])
  })
})
