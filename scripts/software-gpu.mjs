// A GPU for onnxruntime-node on machines that have none: lavapipe, Mesa's software driver for Vulkan. Unlike the one inside Chromium it has
// shader-f16, so that half precision is tested for real. WebGPU wants Mesa 24 or newer, which Debian 12 has among its backports.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PACKAGE = 'mesa-vulkan-drivers'
const OLDEST = 24

/** Installs it where there is no GPU and this is Debian and root. Without it the tests that need one are skipped; says so, and never throws. */
export function ensureSoftwareGpu() {
  if (existsSync('/dev/dri') || isInstalled()) return
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(`no GPU and no ${PACKAGE} ${OLDEST} or newer: tests of half precision on a GPU are skipped`)
    return
  }
  console.error(`Installing ${PACKAGE} …`)
  const release = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  const folder = mkdtempSync(join(tmpdir(), 'pagewise-apt-'))
  try {
    const sources = join(folder, 'sources.list')
    mkdirSync(join(folder, 'lists', 'partial'), { recursive: true })
    writeFileSync(sources, [release, `${release}-backports`].map((suite) => `deb ${mirrorOf(release)} ${suite} main\n`).join(''))
    // Lists of its own, so that those of the machine stay as they are.
    const settings = [`Dir::Etc::sourcelist=${sources}`, 'Dir::Etc::sourceparts=-', `Dir::State::lists=${join(folder, 'lists')}`]
    const options = ['-qq', ...settings.flatMap((setting) => ['-o', setting])]
    apt([...options, 'update'])
    apt([...options, 'install', '-y', '--no-install-recommends', '-t', `${release}-backports`, PACKAGE, 'libvulkan1'])
  } finally {
    rmSync(folder, { recursive: true })
  }
  if (!isInstalled()) console.error(`${PACKAGE} could not be installed: tests of half precision on a GPU are skipped`)
}

function isInstalled() {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Version}', PACKAGE], { encoding: 'utf8' })
  return status === 0 && parseInt(stdout, 10) >= OLDEST
}

/** Where this machine takes the packages of its release from. */
function mirrorOf(release) {
  const { stdout } = apt(['indextargets', '--no-release-info', '--format', '$(SITE) $(RELEASE)'], 'pipe')
  return stdout
    .split('\n')
    .find((line) => line.endsWith(` ${release}`))
    ?.split(' ')[0]
}

function apt(args, out = 2) {
  return spawnSync('apt-get', args, {
    stdio: ['ignore', out, 2],
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}
