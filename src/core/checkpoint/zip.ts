// The entries of a zip file whose contents are stored as they are (PyTorch's are), by APPNOTE 6.3.9: the directory at the end, with the zip64
// records that files over 4 GB need. Nothing is unpacked; the answer is where each entry lies.
import { damaged, readExactly, type ByteSource } from './source'

export interface ZipEntry {
  offset: number
  bytes: number
}

const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
const DIRECTORY = 0x02014b50
const LOCAL = 0x04034b50
const MOST_ENTRIES = 200_000

/** Entries by name. Throws checkpoint_damaged. */
export async function readZip(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const { count, bytes, offset } = await findDirectory(source)
  if (count > MOST_ENTRIES) throw damaged(source.name, `its directory claims ${count} entries`)
  const directory = view(await readExactly(source, offset, bytes))
  const entries = new Map<string, ZipEntry>()
  let at = 0
  for (let i = 0; i < count; i++) {
    const entry = readEntry(source, directory, at)
    at = entry.next
    // An entry's own header has an extra field of another length, so where its bytes begin is read there.
    const header = view(await readExactly(source, entry.header, 30))
    if (header.getUint32(0, true) !== LOCAL) throw damaged(source.name, `entry ${entry.name} is not where its directory says`)
    const start = entry.header + 30 + header.getUint16(26, true) + header.getUint16(28, true)
    if (start + entry.bytes > source.bytes) throw damaged(source.name, `entry ${entry.name} is cut short`)
    entries.set(entry.name, { offset: start, bytes: entry.bytes })
  }
  return entries
}

async function findDirectory(source: ByteSource): Promise<{ count: number; bytes: number; offset: number }> {
  const tailBytes = Math.min(source.bytes, 22 + 65535 + 20)
  const tail = view(await readExactly(source, source.bytes - tailBytes, tailBytes))
  for (let at = tailBytes - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END) continue
    const [count, bytes, offset] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)]
    const is64 = at >= 20 && tail.getUint32(at - 20, true) === LOCATOR_64
    if (!is64) return { count, bytes, offset }
    const record = view(await readExactly(source, large(source, tail, at - 12), 56))
    if (record.getUint32(0, true) !== END_64) throw damaged(source.name, 'its zip64 record is not where it should be')
    return { count: large(source, record, 32), bytes: large(source, record, 40), offset: large(source, record, 48) }
  }
  throw damaged(source.name, 'it is not a zip file, which PyTorch writes since 1.6')
}

interface DirectoryEntry extends Omit<ZipEntry, 'offset'> {
  name: string
  header: number
  next: number
}

function readEntry(source: ByteSource, directory: DataView, at: number): DirectoryEntry {
  const end = directory.byteLength
  if (at + 46 > end || directory.getUint32(at, true) !== DIRECTORY) throw damaged(source.name, 'its directory is cut short')
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => directory.getUint16(at + field, true)) as [
    number,
    number,
    number,
  ]
  const next = at + 46 + nameBytes + extraBytes + commentBytes
  if (next > end) throw damaged(source.name, 'its directory is cut short')
  const name = new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameBytes))
  const isStored = directory.getUint16(at + 10, true) === 0 && (directory.getUint16(at + 8, true) & 1) === 0
  if (!isStored) throw damaged(source.name, `entry ${name} is compressed or encrypted`)
  let bytes = directory.getUint32(at + 24, true)
  let header = directory.getUint32(at + 42, true)
  const extraEnd = at + 46 + nameBytes + extraBytes
  for (let field = at + 46 + nameBytes; field + 4 <= extraEnd; field += 4 + directory.getUint16(field + 2, true)) {
    if (directory.getUint16(field, true) !== 1) continue
    // zip64: of uncompressed size, compressed size, header offset those that did not fit, in this order
    let value = field + 4
    const take = (): number => {
      if (value + 8 > extraEnd) throw damaged(source.name, 'its directory is cut short')
      value += 8
      return large(source, directory, value - 8)
    }
    if (bytes === 0xffffffff) bytes = take()
    if (directory.getUint32(at + 20, true) === 0xffffffff) take()
    if (header === 0xffffffff) header = take()
  }
  return { name, bytes, header, next }
}

/** A 64-bit size or place, which must lie within the file. */
function large(source: ByteSource, data: DataView, at: number): number {
  const value = Number(data.getBigUint64(at, true))
  if (value > source.bytes) throw damaged(source.name, `it claims ${value} bytes`)
  return value
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
