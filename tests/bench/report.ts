// The parts of docs/benchmarks.md that a command writes anew, between their marks.
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform, totalmem } from 'node:os'

export type Part = 'speed' | 'cold' | 'pairs' | 'quality' | 'quality-checkpoints' | 'memory'
const PATH = 'docs/benchmarks.md'

/** Prints a part, and writes it unless `isDry`. */
export function publish(part: Part, text: string, isDry: boolean): void {
  console.log(text)
  if (isDry) return
  const report = readFileSync(PATH, 'utf8')
  const marks = new RegExp(`<!-- ${part} -->[^]*<!-- /${part} -->`)
  if (!marks.test(report)) throw new Error(`${PATH} has no part ${part}`)
  // A function: a replacement text would read its dollar signs.
  writeFileSync(
    PATH,
    report.replace(marks, () => `<!-- ${part} -->\n${text}\n<!-- /${part} -->`),
  )
}

/** `extra`: what else is in it, the browser say. */
export function machine(extra: string): string {
  const version = (name: string): string =>
    (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }).version
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores of ${model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${platform()} ${arch()}, Node ${process.versions.node}, onnxruntime ${version('onnxruntime-web')}, ${extra}`
}

export const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

/** A table in Markdown. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
