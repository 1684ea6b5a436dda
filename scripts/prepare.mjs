// What every command needs on a fresh clone: the packages, and a build that is not older than the sources. Says what it does on standard
// error, so that a command's own output stays clean.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Runs a command with its output on standard error; throws when it fails. */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed with exit code ${status}`)
}

/** Installs the packages of package-lock.json where they are missing or older than it. */
export function installPackages() {
  const installed = join(ROOT, 'node_modules/.package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(ROOT, 'package-lock.json')).mtimeMs) return
  console.error('Installing packages …')
  run('npm', ['ci', '--no-audit', '--no-fund'])
}

/** Builds `part` ('engine', 'page' or 'cli') where its output is missing or older than any source. */
export function build(part) {
  const outputs = { engine: 'src/adapters/engine/build/engine.worker.js', page: 'dist/page/index.html', cli: 'dist/cli/main.mjs' }
  const output = join(ROOT, outputs[part])
  const sources =
    part === 'engine'
      ? ['src/engine', 'src/adapters/engine', 'src/core/compile', 'scripts']
      : ['src', 'public', 'models/default', 'libraries', 'vite.config.ts', 'vite.cli.config.ts', 'package.json']
  if (existsSync(output) && statSync(output).mtimeMs >= Math.max(...sources.map((source) => newest(join(ROOT, source))))) return
  console.error(`Building the ${part} …`)
  if (part === 'engine') run('node', ['scripts/build-engine.mjs'])
  if (part === 'page') run('npx', ['vite', 'build'])
  if (part === 'cli') run('npx', ['vite', 'build', '--config', 'vite.cli.config.ts'])
}

function newest(path) {
  if (!existsSync(path)) return 0
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0)
}
