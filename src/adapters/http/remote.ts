// A folder on a host that nobody knows beforehand: an address that the visitor typed. It may ignore Range, answer every name with its page, or
// forbid pages of other origins to read it. Only that folder is asked; no cookies go along.
import { AppError } from '../../core/errors'
import type { RemoteFile, RemoteFolder } from '../../core/ports'

/** `base` is the address of the folder, with a slash at its end. */
export function openRemoteFolder(base: string): RemoteFolder {
  return {
    async open(signal, name, offset) {
      const address = new URL(name, base).href
      let response: Response
      try {
        response = await fetch(address, { signal, credentials: 'omit', headers: offset > 0 ? { Range: `bytes=${offset}-` } : {} })
      } catch (error) {
        if (signal.aborted) throw new AppError('aborted')
        throw new AppError('address_unreachable', { address, reason: reasonOf(error) })
      }
      const close = async (): Promise<void> => {
        await response.body?.cancel().catch(() => undefined)
      }
      const isPage = response.headers.get('content-type')?.startsWith('text/html') === true
      if (response.status === 404 || (response.ok && isPage)) {
        await close()
        return response.ok ? 'page' : 'missing'
      }
      if (!response.ok) {
        await close()
        throw new AppError('address_refused', { address: base, file: name, status: response.status })
      }
      const isPartial = response.status === 206
      const length = Number(response.headers.get('content-length') ?? NaN)
      const bytes = Number.isFinite(length) ? length + (isPartial ? offset : 0) : null
      return {
        bytes,
        version: response.headers.get('etag') ?? response.headers.get('last-modified'),
        pieces: readBody(signal, name, response, isPartial ? 0 : offset, offset, bytes),
        close,
      } satisfies RemoteFile
    },
  }
}

/** Leaves out the first `skip` bytes. `done` bytes of the file are already there. */
async function* readBody(
  signal: AbortSignal,
  file: string,
  response: Response,
  skip: number,
  done: number,
  bytes: number | null,
): AsyncGenerator<Uint8Array> {
  if (!response.body) return
  const reader = response.body.getReader()
  const megabytes = (count: number): string => (count / 1e6).toFixed(1)
  try {
    for (;;) {
      const { value, done: isDone } = await reader.read()
      if (isDone) return
      const kept = value.subarray(Math.min(skip, value.length))
      skip -= value.length - kept.length
      done += kept.length
      if (kept.length > 0) yield kept
    }
  } catch (error) {
    if (signal.aborted) throw new AppError('aborted')
    const detail = { file, done: megabytes(done), total: bytes === null ? '?' : megabytes(bytes), reason: reasonOf(error) }
    throw new AppError('download_failed', detail)
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** Node's fetch keeps what went wrong in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message
}
