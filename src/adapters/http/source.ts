// Files over HTTP. Resumes with a Range request where the server honours it, and otherwise skips what is already there.
import { AppError } from '../../core/errors'
import type { FileSource } from '../../core/ports'

/** `base` is the address of the folder, with a slash at its end. */
export function openHttpSource(base: string): FileSource {
  async function request(signal: AbortSignal, name: string, headers: Record<string, string>): Promise<Response> {
    let response: Response
    try {
      response = await fetch(new URL(name, base), { signal, headers })
    } catch (error) {
      throw failed(name, 0, 0, signal, error)
    }
    if (response.status === 404) throw new AppError('model_file_missing', { file: name, place: base })
    if (!response.ok) throw new AppError('download_failed', { file: name, done: '0', total: '?', reason: `HTTP ${response.status}` })
    // A single-page host answers 200 with its index.html for what it does not have.
    if (response.headers.get('content-type')?.startsWith('text/html')) throw new AppError('model_file_missing', { file: name, place: base })
    return response
  }
  return {
    place: base,
    async readAll(signal, name) {
      const response = await request(signal, name, {})
      try {
        return new Uint8Array(await response.arrayBuffer())
      } catch (error) {
        throw failed(name, 0, 0, signal, error)
      }
    },
    async *readFrom(signal, name, offset) {
      const response = await request(signal, name, offset > 0 ? { Range: `bytes=${offset}-` } : {})
      let skip = offset > 0 && response.status !== 206 ? offset : 0
      let done = offset - skip
      const total = done + Number(response.headers.get('content-length') ?? 0)
      const reader = response.body!.getReader()
      try {
        for (;;) {
          const { value, done: isDone } = await reader.read()
          if (isDone) return
          done += value.length
          const kept = value.subarray(Math.min(skip, value.length))
          skip -= value.length - kept.length
          if (kept.length > 0) yield kept
        }
      } catch (error) {
        throw failed(name, done, total, signal, error)
      } finally {
        await reader.cancel().catch(() => undefined)
      }
    },
  }
}

function failed(file: string, done: number, total: number, signal: AbortSignal, error: unknown): AppError {
  if (signal.aborted) return new AppError('aborted')
  const megabytes = (bytes: number): string => (bytes > 0 ? (bytes / 1e6).toFixed(1) : '?')
  return new AppError('download_failed', {
    file,
    done: (done / 1e6).toFixed(1),
    total: megabytes(total),
    reason: error instanceof Error ? error.message : String(error),
  })
}
