// Tells files that are no question files from their first bytes, so that the visitor hears "a PNG image" instead of a mapping full of noise.
// Signatures: the formats' own specifications, as collected by file(1).

const SIGNATURES: [kind: string, signature: string][] = [
  ['PNG image', '\x89PNG\r\n\x1a\n'],
  ['JPEG image', '\xff\xd8\xff'],
  ['GIF image', 'GIF87a'],
  ['GIF image', 'GIF89a'],
  ['PDF document', '%PDF-'],
  ['RTF document', '{\\rtf'],
  ['gzip archive', '\x1f\x8b'],
  ['Zstandard archive', '\x28\xb5\x2f\xfd'],
  ['xz archive', '\xfd7zXZ\0'],
  ['7-Zip archive', '7z\xbc\xaf\x27\x1c'],
  ['RAR archive', 'Rar!\x1a\x07'],
  ['old Excel or Word file', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
  ['Parquet file', 'PAR1\x15'],
  ['SQLite database', 'SQLite format 3\0'],
  ['UTF-32 text', '\xff\xfe\0\0'],
  ['UTF-32 text', '\0\0\xfe\xff'],
  ['program', '\x7fELF'],
]

/** What the file is, if its first bytes say that it is neither CSV nor JSON: "PNG image"; else null. */
export function binaryKind(bytes: Uint8Array): string | null {
  const head = latin1(bytes, 4096)
  for (const [kind, signature] of SIGNATURES) if (head.startsWith(signature)) return kind
  if (head.startsWith('PK\x03\x04')) return /xl\/|\[Content_Types\]\.xml/.test(head) ? 'Excel or Word file' : 'ZIP archive'
  if (/^BZh[1-9]1AY&SY/.test(head)) return 'bzip2 archive'
  if (/^RIFF[^]{4}(WEBP|WAVE|AVI )/.test(head)) return 'image, sound or film'
  if (/^(\xef\xbb\xbf)?\s*(<!doctype html|<html)/i.test(head)) return 'web page'
  return null
}

function latin1(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length))
}
