// A bench for single kernels of the engine: a memory to lay arrays into, arrays drawn from a seed (zeros and large values among them), and
// slow, obvious versions of what kernels compute.
import fc from 'fast-check'

type Kernel = (...numbers: number[]) => number
export interface Engine {
  kernels: Record<string, Kernel>
  memory: WebAssembly.Memory
  isRelaxed: boolean
}

const MEMORY_BYTES = 32 << 20
const FIRST_FREE = 8 << 20

export async function openKernels(wasm: BufferSource, isRelaxed: boolean): Promise<Engine> {
  const memory = new WebAssembly.Memory({ initial: MEMORY_BYTES / 65536, maximum: MEMORY_BYTES / 65536 })
  const abort = () => {
    throw new Error('internal: the engine stopped')
  }
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(wasm), { env: { memory, abort } })
  return { kernels: exports as Record<string, Kernel>, memory, isRelaxed }
}

/** Lays arrays into the memory, each with room behind it for a tile's slack. */
export class Bench {
  private top = FIRST_FREE
  constructor(private readonly engine: Engine) {}
  reserve(bytes: number): number {
    const at = this.top
    this.top = Math.ceil((at + bytes + 65536) / 64) * 64
    if (this.top > MEMORY_BYTES) throw new Error('internal: the bench is full')
    return at
  }
  put(values: ArrayLike<number>): number {
    const at = this.reserve(values.length * 4)
    this.floats(at, values.length).set(values)
    return at
  }
  putBytes(values: ArrayBufferView): number {
    const at = this.reserve(values.byteLength)
    this.bytes(at, values.byteLength).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    return at
  }
  floats = (at: number, length: number): Float32Array => new Float32Array(this.engine.memory.buffer, at, length)
  bytes = (at: number, length: number): Uint8Array => new Uint8Array(this.engine.memory.buffer, at, length)
  shorts = (at: number, length: number): Int16Array => new Int16Array(this.engine.memory.buffer, at, length)
}

/** A generator of numbers in [0, 1) (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
/** fp32 numbers of about `size`, some of them 0 and some 50 times larger. */
export function draw(random: () => number, length: number, size = 1): Float32Array {
  return Float32Array.from({ length }, () => {
    const kind = random()
    return kind < 0.05 ? 0 : (random() * 2 - 1) * size * (kind > 0.97 ? 50 : 1)
  })
}
export const seeds = fc.integer()
export const sizes = fc.constantFrom(1e-30, 1e-3, 1, 1e3, 1e15)
export const at = (values: ArrayLike<number>, index: number): number => values[index] ?? NaN
export const indices = (n: number): number[] => [...Array(n).keys()]
export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
export const align = (n: number, step: number): number => Math.ceil(n / step) * step

export function expectClose(actual: number, expected: number, tolerance: number, what: string): void {
  if (!(Math.abs(actual - expected) <= tolerance))
    throw new Error(`${what}: ${String(actual)}, not ${String(expected)} ± ${String(tolerance)}`)
}
export function check<T>(arbitrary: fc.Arbitrary<T>, body: (value: T) => void, numRuns = 60): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      body(value)
    }),
    { numRuns },
  )
}

/** w[k][n] as panels [n/8][k][8]. */
export function toPanels(w: Float32Array, k: number, n: number): Float32Array {
  const panels = new Float32Array(k * n)
  for (const i of indices(k)) for (const j of indices(n)) panels[(j >> 3) * k * 8 + i * 8 + (j & 7)] = at(w, i * n + j)
  return panels
}
/** |error| of a sum of k products in fp32. */
export const productTolerance = (terms: readonly number[]): number => 1.2e-7 * (terms.length + 2) * sum(terms.map(Math.abs)) + 1e-37

function erf(x: number): number {
  // Abramowitz & Stegun 7.1.5 and 7.1.14: the series near 0, the continued fraction further away.
  const z = Math.abs(x)
  if (z < 3) {
    let [term, total] = [z, z]
    for (let n = 1; n < 100; n++) {
      term *= -(z * z) / n
      total += term / (2 * n + 1)
    }
    return (Math.sign(x) * 2 * total) / Math.sqrt(Math.PI)
  }
  let fraction = 0
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction)
  return Math.sign(x) * (1 - Math.exp(-z * z) / (z + fraction) / Math.sqrt(Math.PI))
}
export const gelu = (x: number): number => (x / 2) * (1 + erf(x / Math.SQRT2))

/** Entry of the Sylvester-Hadamard matrix. */
function hadamard(i: number, j: number): number {
  let bits = i & j
  let odd = 0
  for (; bits; bits &= bits - 1) odd ^= 1
  return odd ? -1 : 1
}
export function rotateSlowly(x: ArrayLike<number>): number[] {
  const block = x.length & -x.length
  return indices(x.length).map((i) => {
    const start = i - (i % block)
    return sum(indices(block).map((j) => at(x, start + j) * hadamard(i % block, j)))
  })
}
/** fp16 bits -> number. */
export function halfOf(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}
/** Any finite fp16. */
export const drawHalf = (random: () => number): number => Math.floor(random() * 0x7c00) | (random() < 0.5 ? 0x8000 : 0)
