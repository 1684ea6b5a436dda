// A pack as one file: an uncompressed tar (POSIX.1-1988 ustar) of pack.json, index.bin and passages.bin, so that any tool unpacks it
// into a folder that a static host or `--library DIR` can use.
import { AppError } from '../errors'

const BLOCK = 512

export interface TarEntry {
  name: string
  /** Where its bytes begin in the file. */
  start: number
  bytes: number
}

/** The header of a file of the archive; its bytes follow, padded to 512 by `tarPadding`. */
export function tarHeader(name: string, bytes: number, seconds = 0): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(BLOCK)
  const write = (at: number, text: string): void => header.set(new TextEncoder().encode(text), at)
  const octal = (at: number, width: number, value: number): void => write(at, value.toString(8).padStart(width - 1, '0') + '\0')
  write(0, name.slice(0, 100))
  octal(100, 8, 0o644)
  octal(108, 8, 0)
  octal(116, 8, 0)
  octal(124, 12, bytes)
  octal(136, 12, seconds)
  write(148, ' '.repeat(8))
  write(156, '0')
  write(257, 'ustar\x0000')
  const sum = header.reduce((total, byte) => total + byte, 0)
  write(148, sum.toString(8).padStart(6, '0') + '\0 ')
  return header
}

/** Zeros from the end of a file to the next block. */
export function tarPadding(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((BLOCK - (bytes % BLOCK)) % BLOCK)
}
/** What ends the archive. */
export function tarEnd(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(BLOCK * 2)
}

/** The files of an archive, folders in their names left out. `slice` reads from it. Rejects with pack_unreadable. */
export async function readTar(
  file: string,
  bytes: number,
  slice: (start: number, end: number) => Promise<Uint8Array>,
): Promise<TarEntry[]> {
  const refuse = (reason: string): AppError => new AppError('pack_unreadable', { file, reason })
  const entries: TarEntry[] = []
  for (let at = 0; at + BLOCK <= bytes && entries.length < MOST_ENTRIES;) {
    const header = await slice(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) break
    const read = (from: number, length: number): string =>
      new TextDecoder().decode(header.subarray(from, from + length)).replace(/\0[^]*$/, '')
    const number = (from: number, length: number): number => parseInt(read(from, length).trim() || '0', 8)
    const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0)
    if (number(148, 8) !== sum) throw refuse(entries.length === 0 ? 'it is not a tar archive' : 'it is damaged')
    const size = number(124, 12)
    const start = at + BLOCK
    if (!(size >= 0) || start + size > bytes) throw refuse('it is cut short')
    const isFile = ['0', ''].includes(read(156, 1))
    if (isFile) entries.push({ name: read(0, 100).replace(/^.*\//, ''), start, bytes: size })
    at = start + Math.ceil(size / BLOCK) * BLOCK
  }
  if (entries.length === 0) throw refuse('it is not a tar archive')
  return entries
}
const MOST_ENTRIES = 1000
