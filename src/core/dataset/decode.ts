// Bytes -> text. A byte order mark decides; then NUL bytes (UTF-16 without a mark); then UTF-8 if it is valid, or nearly so.
// What is left was saved by an older program: GB18030 where high bytes come in pairs (Chinese Excel), else Windows-1252, which never fails.
import type { Table } from './types'

export interface DecodedText {
  /** Without the byte order mark. U+FFFD stands where bytes could not be decoded. */
  text: string
  encoding: Table['encoding']
}

/** The text of a file; null when it is not text. */
export function decodeText(bytes: Uint8Array): DecodedText | null {
  const decoded = decodeByMark(bytes) ?? (bytes.subarray(0, SAMPLE).includes(0) ? decodeWithNuls(bytes) : decodeWithoutNuls(bytes))
  return decoded !== null && isText(decoded.text) ? decoded : null
}

const SAMPLE = 65_536

function decodeByMark(bytes: Uint8Array): DecodedText | null {
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return decodeAs('utf-8', bytes)
  if (a === 0xff && b === 0xfe) return decodeAs('utf-16le', bytes)
  if (a === 0xfe && b === 0xff) return decodeAs('utf-16be', bytes)
  return null
}

/** UTF-16 without a mark shows by the byte order of its commas and line ends; a lone NUL in UTF-8 is a damaged character, many are no text. */
function decodeWithNuls(bytes: Uint8Array): DecodedText | null {
  const sample = bytes.subarray(0, SAMPLE)
  let nuls = 0
  const structure = { 'utf-16le': 0, 'utf-16be': 0 }
  for (let i = 0; i + 1 < sample.length; i += 2) {
    const [first, second] = [sample[i]!, sample[i + 1]!]
    if (first === 0) nuls++
    if (second === 0) nuls++
    if (second === 0 && STRUCTURE.has(first)) structure['utf-16le']++
    if (first === 0 && STRUCTURE.has(second)) structure['utf-16be']++
  }
  for (const encoding of ['utf-16le', 'utf-16be'] as const) {
    const own = structure[encoding]
    const other = structure['utf-16le'] + structure['utf-16be'] - own
    if (own >= 3 && own > 4 * other) return decodeStrictly(encoding, bytes)
  }
  return nuls > sample.length / 1000 ? null : decodeStrictly('utf-8', bytes)
}

/** Tab, line ends, comma, semicolon. */
const STRUCTURE = new Set([9, 10, 13, 44, 59])

function decodeWithoutNuls(bytes: Uint8Array): DecodedText {
  const utf8 = decodeStrictly('utf-8', bytes)
  if (utf8 !== null) return utf8
  const lenient = decodeAs('utf-8', bytes)
  if (isMostlyDecoded(lenient.text)) return lenient
  return (hasPairedHighBytes(bytes) ? decodeStrictly('gb18030', bytes) : null) ?? decodeWindows1252(bytes)
}

function decodeAs(encoding: Table['encoding'], bytes: Uint8Array): DecodedText {
  return { text: new TextDecoder(encoding).decode(bytes), encoding }
}

/** Node 20 decodes 0x80-0x9F of Windows-1252 as Latin-1: they are set right here, which changes nothing where they are. */
function decodeWindows1252(bytes: Uint8Array): DecodedText {
  const { text, encoding } = decodeAs('windows-1252', bytes)
  return { text: text.replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]!), encoding }
}

/** https://encoding.spec.whatwg.org/index-windows-1252.txt, 0x80-0x9F. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

function decodeStrictly(encoding: Table['encoding'], bytes: Uint8Array): DecodedText | null {
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), encoding }
  } catch {
    return null
  }
}

/** True if more characters beyond ASCII were decoded than lost: UTF-8 with a few bad bytes, not another encoding. */
function isMostlyDecoded(text: string): boolean {
  let good = 0
  let lost = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0xfffd) lost++
    else if (code > 127) good++
  }
  return good > lost
}

/** True if nine of ten high bytes stand in runs of even length from 0xA1 up, as GB2312 text has them and accented letters do not. */
function hasPairedHighBytes(bytes: Uint8Array): boolean {
  let paired = 0
  let total = 0
  for (let i = 0; i < bytes.length; i++) {
    let end = i
    while (end < bytes.length && bytes[end]! >= 0xa1) end++
    const run = end - i
    total += run > 0 ? run : bytes[i]! >= 0x80 ? 1 : 0
    if (run % 2 === 0) paired += run
    if (run > 0) i = end - 1
  }
  return paired > 0.9 * total
}

/** False if more than one character in twenty is a control character that no text holds. */
function isText(text: string): boolean {
  const length = Math.min(text.length, SAMPLE)
  let controls = 0
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 && code !== 9 && code !== 10 && code !== 13) controls++
  }
  return controls * 20 <= length
}
