// Serves a folder of large files to a page of another origin that is cross-origin isolated.
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import type { Served } from '../browser/launch'

export async function serveFolder(folder: string): Promise<Served> {
  const server = createServer((request, response) => {
    const path = join(folder, normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)))
    const found = statSync(path, { throwIfNoEntry: false })
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin')
    if (!found?.isFile()) {
      response.writeHead(404).end()
      return
    }
    response.setHeader('Content-Length', found.size)
    createReadStream(path, { highWaterMark: 1 << 20 }).pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}
