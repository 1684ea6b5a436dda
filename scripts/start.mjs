// npm start: from a fresh clone, installs, builds and serves the page; prints the address. PORT and HOST choose another one.
import { build, installPackages, ROOT } from './prepare.mjs'

installPackages()
build('engine')
build('page')
const { preview } = await import('vite')
const server = await preview({
  root: `${ROOT}/src`,
  configFile: `${ROOT}/vite.config.ts`,
  logLevel: 'warn',
  preview: { port: Number(process.env.PORT ?? 4173), host: process.env.HOST ?? 'localhost' },
})
console.log(`Pagewise is at ${server.resolvedUrls.local[0]}`)
console.log('Press Ctrl+C to stop.')
