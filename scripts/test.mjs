// npm test: everything, from a fresh clone: types, lint, format, build, then unit, contract, browser, end-to-end and size tests.
// `npm test -- unit contract` runs those Vitest projects only. Its last line is `N passed, N failed` over all of them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { ensureChromium } from './chromium.mjs'
import { build, installPackages, ROOT } from './prepare.mjs'
import { ensureSoftwareGpu } from './software-gpu.mjs'

const PROJECTS = ['unit', 'contract', 'browser', 'e2e', 'size']
const chosen = process.argv.slice(2)
const projects = chosen.length > 0 ? chosen : PROJECTS
let passed = 0
let failed = 0

function step(name, work) {
  const startedAt = Date.now()
  let isPassed = false
  try {
    isPassed = work() !== false
  } catch (error) {
    console.error(String(error.message ?? error))
  }
  if (isPassed) passed++
  else failed++
  console.log(`${isPassed ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`)
}
const npx = (...args) => spawnSync('npx', ['--no-install', ...args], { cwd: ROOT, stdio: ['ignore', 1, 2] }).status === 0

function vitest() {
  const report = `${ROOT}/tests/output/vitest.json`
  mkdirSync(`${ROOT}/tests/output`, { recursive: true })
  rmSync(report, { force: true })
  npx('vitest', 'run', ...projects.flatMap((p) => ['--project', p]), '--reporter=default', '--reporter=json', `--outputFile.json=${report}`)
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(readFileSync(report, 'utf8'))
    // A file that could not be collected has no tests of its own; it counts as one failure.
    const uncollected = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
    passed += numPassedTests
    failed += numFailedTests + uncollected
    if (numFailedTestSuites > 0 && numFailedTests + uncollected === 0) failed++
    if (numPassedTests === 0) failed++
  } catch (error) {
    console.error(`vitest wrote no report: ${error.message}`)
    failed++
  }
}

step('packages', installPackages)
if (projects.some((p) => p === 'browser' || p === 'e2e')) step('chromium', () => void ensureChromium())
if (process.env.PAGEWISE_SOFTWARE_GPU && projects.includes('contract')) step('software GPU', () => void ensureSoftwareGpu())
step('engine build', () => build('engine'))
if (chosen.length === 0) {
  step('types', () => npx('tsc', '-p', 'tsconfig.json'))
  step('types of core, without a DOM', () => npx('tsc', '-p', 'src/core'))
  step('types of components', () => npx('svelte-check', '--tsconfig', './tsconfig.json', '--fail-on-warnings', '--output', 'human'))
  step('lint', () => npx('eslint', '.', '--max-warnings', '0'))
  step('format', () => npx('prettier', '--check', '--log-level', 'warn', '.'))
}
step('page build', () => build('page'))
step('command line build', () => build('cli'))
vitest()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
