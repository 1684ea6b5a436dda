// npm run bench -- [--peer MODEL.onnx] [--rounds N] [--dry]: builds what is timed, then runs tests/bench/main.ts.
import { build, installPackages, ROOT } from './prepare.mjs'

installPackages()
build('engine')
build('page')
const vite = await import('vite')
await vite.build({
  configFile: false,
  root: ROOT,
  logLevel: 'error',
  publicDir: false,
  build: {
    ssr: 'tests/bench/main.ts',
    outDir: 'dist/bench',
    target: 'node20',
    rollupOptions: { output: { entryFileNames: 'main.mjs' } },
  },
})
process.chdir(ROOT)
await import('../dist/bench/main.mjs')
