// The `Precompiled` normalizer: SentencePiece's character map (nmt_nfkc and its kind), a double-array trie (Darts-clone) over UTF-8 followed by
// the replacements. As the Rust crate spm_precompiled applies it, oddity included: a grapheme cluster shorter than 6 bytes becomes the replacement
// of its shortest known beginning; of a longer one each character is looked up by itself.
import { graphemes } from './graphemes'
import { damaged } from './json-parts'

const PRINTABLE = /^[\x20-\x7e]*$/
/** Stretches with a character that may join a cluster, with the neighbours that may belong to it. The rest is printable ASCII. */
const JOINING = /(?:[\x20-\x7e]?[^\x20-\x7e]+)+[\x20-\x7e]?/g
const WHOLE_CLUSTER_BYTES = 6

/** A function from text to normalized text. `base64`: precompiled_charsmap of tokenizer.json. Throws tokenizer_damaged. */
export function createCharacterMap(base64: string): (text: string) => string {
  const bytes = decodeBase64(base64)
  const view = new DataView(bytes.buffer)
  const trieBytes = bytes.length < 4 ? Infinity : view.getUint32(0, true)
  if (trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length) throw damaged('precompiled_charsmap is cut short')
  const trie = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true))
  const replacements = bytes.subarray(4 + trieBytes)
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()

  /** The replacement of the shortest beginning that has one. */
  function lookUp(text: string): string | undefined {
    let node = offsetOf(trie[0] ?? 0)
    for (const byte of encoder.encode(text)) {
      if (byte === 0) return undefined
      node ^= byte
      const unit = trie[node]
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined
      node ^= offsetOf(unit)
      if ((unit & 0x100) === 0) continue
      const start = (trie[node] ?? 0) & 0x7fffffff
      const end = replacements.indexOf(0, start)
      return decoder.decode(replacements.subarray(start, end < 0 ? replacements.length : end))
    }
    return undefined
  }

  const known = new Map<string, string>()
  function mapCluster(cluster: string): string {
    let mapped = known.get(cluster)
    if (mapped === undefined) {
      mapped = encoder.encode(cluster).length < WHOLE_CLUSTER_BYTES ? lookUp(cluster) : undefined
      mapped ??= Array.from(cluster, (character) => lookUp(character) ?? character).join('')
      if (known.size < 50_000) known.set(cluster, mapped)
    }
    return mapped
  }
  const isAsciiKept = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).every((c) => mapCluster(c) === c)
  const mapText = (text: string): string => graphemes(text).map(mapCluster).join('')
  return (text) => {
    if (!isAsciiKept) return mapText(text)
    return PRINTABLE.test(text) ? text : text.replace(JOINING, mapText)
  }
}

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)

function decodeBase64(text: string): Uint8Array {
  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const digits = text.replace(/=+$/, '')
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4))
  let bits = 0
  let held = 0
  let at = 0
  for (const digit of digits) {
    const value = ALPHABET.indexOf(digit)
    if (value < 0) throw damaged('precompiled_charsmap is not base64')
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >> bits) & 0xff
    }
  }
  return bytes
}
