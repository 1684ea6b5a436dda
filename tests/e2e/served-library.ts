// A library that whoever serves the page has put beside it: a folder under libraries/ with its name in libraries/registry.json. Notes what the
// page fetches of it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

export interface ServedLibrary extends Plugin {
  /** Files that were asked for, with their sizes; a service worker's own fetch of what it keeps aside. */
  asked: { name: string; bytes: number }[]
}

/** `others`: further names in the registry, whose folders are not there. */
export function serveLibrary(name: string, folder: string, others: readonly string[] = []): ServedLibrary {
  const asked: ServedLibrary['asked'] = []
  return {
    name: 'served-library',
    asked,
    configurePreviewServer(server) {
      server.middlewares.use((request, response, next) => {
        const { pathname } = new URL(request.url ?? '/', 'http://localhost')
        const file = pathname.startsWith(`/libraries/${name}/`) ? pathname.slice(`/libraries/${name}/`.length) : null
        if (pathname === '/libraries/registry.json') {
          response.setHeader('Content-Type', 'application/json')
          response.end(JSON.stringify(['openstax', name, ...others]))
        } else if (file !== null && existsSync(join(folder, file))) {
          const bytes = readFileSync(join(folder, file))
          asked.push({ name: file, bytes: bytes.length })
          response.setHeader('Content-Type', 'application/octet-stream')
          response.end(bytes)
        } else next()
      })
    },
  }
}
