// Finds a Chromium for the browser tests: PAGEWISE_CHROMIUM, or one on the PATH, or Debian's package where the user may install it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome']

/** Path of the browser, or null. */
export function findChromium() {
  const chosen = process.env.PAGEWISE_CHROMIUM
  if (chosen) return chosen
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/Applications/Google Chrome.app/Contents/MacOS']
  for (const name of [...NAMES, 'Google Chrome'])
    for (const folder of folders) if (existsSync(join(folder, name))) return join(folder, name)
  return null
}

/** As findChromium, but installs it first where it is missing and this is Debian and root; throws where that cannot be. */
export function ensureChromium() {
  const found = findChromium()
  if (found) return found
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    throw new Error('no Chromium found: install chromium, or set PAGEWISE_CHROMIUM to its path')
  console.error('Installing Chromium …')
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
  ])
    spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  const installed = findChromium()
  if (!installed) throw new Error('apt-get did not install Chromium')
  return installed
}
