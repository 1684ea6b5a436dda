// SHA-256 (FIPS 180-4) of bytes that come in pieces, which Web Crypto cannot do: a weight file is hashed as a whole without being held.
const PRIMES = firstPrimes(64)
const K = Int32Array.from(PRIMES, (prime) => fractionBits(Math.cbrt(prime)))
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fractionBits(Math.sqrt(prime)))

export interface Hash {
  update(bytes: Uint8Array): void
  /** Lower-case hex; nothing may be added after it. */
  digest(): string
}

export function createSha256(): Hash {
  const state = START.slice()
  const block = new Uint8Array(64)
  const view = new DataView(block.buffer)
  const words = new Int32Array(64)
  let filled = 0
  let bytes = 0

  function compress(): void {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(4 * i)
    for (let i = 16; i < 64; i++) {
      const a = words[i - 15]!
      const b = words[i - 2]!
      const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
      const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
      words[i] = words[i - 16]! + s0 + words[i - 7]! + s1
    }
    let a = state[0]!
    let b = state[1]!
    let c = state[2]!
    let d = state[3]!
    let e = state[4]!
    let f = state[5]!
    let g = state[6]!
    let h = state[7]!
    for (let i = 0; i < 64; i++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + words[i]!) | 0
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    state[0] = state[0]! + a
    state[1] = state[1]! + b
    state[2] = state[2]! + c
    state[3] = state[3]! + d
    state[4] = state[4]! + e
    state[5] = state[5]! + f
    state[6] = state[6]! + g
    state[7] = state[7]! + h
  }

  function update(piece: Uint8Array): void {
    bytes += piece.length
    for (let at = 0; at < piece.length;) {
      const taken = Math.min(64 - filled, piece.length - at)
      block.set(piece.subarray(at, at + taken), filled)
      filled += taken
      at += taken
      if (filled === 64) {
        compress()
        filled = 0
      }
    }
  }

  return {
    update,
    digest() {
      const bits = BigInt(bytes) * 8n
      update(Uint8Array.of(0x80))
      update(new Uint8Array((120 - filled) % 64))
      view.setBigUint64(56, bits)
      compress()
      return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
    },
  }
}

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

/** The first 32 bits behind the point. */
function fractionBits(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32) | 0
}
function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return primes
}
