// npm run build:engine: src/engine (AssemblyScript) -> src/adapters/engine/build/, with and without relaxed SIMD, each for a memory that
// workers share and for one of its own (a page that is not cross-origin isolated cannot share); and the worker's script for Node as one file.
import asc from 'assemblyscript/asc'
import { build } from 'vite'
import { ROOT } from './prepare.mjs'

const SOURCE = 'src/engine/index.ts'
const OUT = 'src/adapters/engine/build'
const BUILDS = {
  'engine-relaxed': ['--enable', 'simd,relaxed-simd,threads', '--sharedMemory'],
  'engine-relaxed-own': ['--enable', 'simd,relaxed-simd'],
  'engine-plain': ['--enable', 'simd,threads', '--sharedMemory'],
  'engine-plain-own': ['--enable', 'simd'],
}
const COMMON = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--initialMemory', '1', '--maximumMemory', '65536']
// Conversions between sizes and addresses are all of 32 bits.
const SILENCED = ['--disableWarning', '201']

for (const [name, options] of Object.entries(BUILDS)) {
  const { error, stderr } = await asc.main([
    SOURCE,
    '--outFile',
    `${OUT}/${name}.wasm`,
    '--baseDir',
    ROOT,
    ...COMMON,
    ...SILENCED,
    ...options,
  ])
  if (stderr.toString()) console.error(stderr.toString())
  if (error) throw error
}

await build({
  configFile: false,
  root: ROOT,
  logLevel: 'warn',
  publicDir: false,
  build: {
    outDir: OUT,
    emptyOutDir: false,
    target: 'node20',
    lib: { entry: 'src/adapters/engine/engine.worker.ts', formats: ['iife'], name: 'engine', fileName: () => 'engine.worker.js' },
  },
})
