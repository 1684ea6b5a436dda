// npm run bench -- [options]: builds what is timed, then runs tests/bench/main.ts; with --pairs FOLDER tests/bench/pairs/main.ts instead, with
// --quality tests/bench/quality/main.ts, with --memory FOLDER tests/bench/compile-memory.ts. Each says at its head what else it takes.
import { build, installPackages, ROOT } from './prepare.mjs'

installPackages()
build('engine')
const part = ['pairs', 'quality', 'memory'].find((name) => process.argv.includes(`--${name}`)) ?? 'main'
if (part === 'main' || part === 'memory') build('page')
const vite = await import('vite')
await vite.build({
  configFile: false,
  root: ROOT,
  logLevel: 'error',
  publicDir: false,
  build: {
    ssr: true,
    outDir: 'dist/bench',
    target: 'node20',
    rollupOptions: {
      input: {
        main: 'tests/bench/main.ts',
        pairs: 'tests/bench/pairs/main.ts',
        'pairs-node': 'tests/bench/pairs/node.ts',
        quality: 'tests/bench/quality/main.ts',
        memory: 'tests/bench/compile-memory.ts',
      },
      output: { entryFileNames: '[name].mjs' },
    },
  },
})
process.chdir(ROOT)
await import(`../dist/bench/${part}.mjs`)
