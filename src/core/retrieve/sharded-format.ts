// A library too big to fetch whole: a folder of small files that any static host serves, of which a question reads a few, each whole.
//   pack.json             what the library is; size and hash of the directory and of the tables below
//   directory.bin         size and hash of every posting shard, and the most frequent terms with their document frequencies
//   postings/N.bin        terms with the best of their postings (sharded-shard.ts): one frequent term, or the terms of one hash
//   passages/N.bin        `passagesPerBlock` passages, deflated JSON: [[id, title, source, text], …]
//   passages/N.table      size and hash of 4,096 blocks: u32 and 32 bytes each
// A hash therefore leads from pack.json to every byte, and pack.json stays small. All numbers little-endian.
import type { LibraryAbout } from './types'

export const SHARDED_FORMAT = 'pagewise-library-shards/1'
export const DIRECTORY_FILE = 'directory.bin'
export const TABLE_BLOCKS = 4096
export const ENTRY_BYTES = 36

/** A file of the library: gives exactly these bytes, or it is damaged. */
export interface ShardEntry {
  name: string
  bytes: number
  /** Lower-case hex. */
  sha256: string
}

/** pack.json of a sharded library. */
export interface ShardedManifest extends LibraryAbout {
  format: typeof SHARDED_FORMAT
  /** Bytes of all files but pack.json. */
  bytes: number
  directory: ShardEntry
  passagesPerBlock: number
  largestBlockBytes: number
  /** Table t describes the blocks 4,096 t … 4,096 t + 4,095. */
  tables: ShardEntry[]
}

export const postingShardName = (shard: number): string => `postings/${shard}.bin`
export const blockName = (block: number): string => `passages/${block}.bin`
export const tableName = (table: number): string => `passages/${table}.table`

/** FNV-1a (Fowler, Noll, Vo) over UTF-16 units, 32 bits: which hashed shard a term stands in, modulo their number. */
export function termHash(term: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < term.length; i++) hash = Math.imul(hash ^ term.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** `[size, hash]` of each file, ENTRY_BYTES a file. */
export function writeEntries(entries: readonly ShardEntry[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [i, entry] of entries.entries()) {
    view.setUint32(i * ENTRY_BYTES, entry.bytes, true)
    for (let at = 0; at < 32; at++) bytes[i * ENTRY_BYTES + 4 + at] = parseInt(entry.sha256.slice(at * 2, at * 2 + 2), 16)
  }
  return bytes
}

/** The entry at `index` of what writeEntries gave. Throws RangeError where there is none. */
export function readEntry(bytes: Uint8Array, index: number, name: string): ShardEntry {
  const at = index * ENTRY_BYTES
  if (at < 0 || at + ENTRY_BYTES > bytes.length) throw new RangeError('entry out of range')
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true)
  const hash = bytes.subarray(at + 4, at + ENTRY_BYTES)
  return { name, bytes: size, sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') }
}
