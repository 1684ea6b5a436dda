// SHA-256 by Web Crypto, which browsers, workers and Node all have. Outside a secure context there is none: Pagewise is served from
// https or localhost.
import type { Sha256 } from '../../core/ports'

export const sha256: Sha256 = async (bytes) => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
