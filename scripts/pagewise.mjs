// npm run --silent pagewise -- …: installs and builds what a fresh clone lacks, then runs the command line.
import { build, installPackages } from './prepare.mjs'

try {
  installPackages()
  build('engine')
  build('cli')
} catch (error) {
  console.error(`pagewise: ${error.message}`)
  process.exit(1)
}
await import('../dist/cli/main.mjs')
