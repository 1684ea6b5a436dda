// The engine's kernels against slow, obvious code: properties that hold for one build, run in Node (engine-kernels.test.ts) and, for the
// build with relaxed SIMD, in a browser.
import fc from 'fast-check'
import { attendAsDefined, type AttentionShape } from './engine-attention'
import {
  align,
  at,
  Bench,
  check,
  draw,
  drawHalf,
  expectClose,
  gelu,
  halfOf,
  indices,
  productTolerance,
  randomOf,
  rotateSlowly,
  seeds,
  sizes,
  sum,
  toPanels,
  type Engine,
} from './engine-bench'

export interface Property {
  title: string
  check(engine: Engine): void
}

const shapes = fc.record({
  m: fc.integer({ min: 1, max: 15 }),
  k: fc.integer({ min: 1, max: 40 }),
  panels: fc.integer({ min: 1, max: 4 }),
  seed: seeds,
  size: fc.constantFrom(1e-15, 1, 1e15),
})
const wideShapes = fc.record({
  m: fc.integer({ min: 1, max: 7 }),
  k: fc.constantFrom(32, 64, 96, 160, 384, 1536),
  seed: seeds,
  size: sizes,
})

export const KERNEL_PROPERTIES: Property[] = [
  {
    title: 'gemmFloat multiplies as three loops do, row-major or by panels, whatever the bias or the mode',
    check: (engine) => {
      check(fc.tuple(shapes, fc.boolean(), fc.constantFrom(0, 1, 2)), ([{ m, k, panels, seed, size }, isByPanel, mode]) => {
        const bench = new Bench(engine)
        const random = randomOf(seed)
        const n = panels * 8
        const [a, w] = [draw(random, m * k, size), draw(random, k * n)]
        const [bias, before] = [draw(random, n, size), draw(random, m * n, size)]
        const [ldc, cs] = isByPanel ? [32, m * 32] : [n * 4, 32]
        const c = bench.reserve((m + 8) * n * 4)
        const place = (i: number, j: number): number => (i * ldc + (j >> 3) * cs) / 4 + (j & 7)
        const out = bench.floats(c, (m + 8) * n)
        for (const i of indices(m)) for (const j of indices(n)) out[place(i, j)] = at(before, i * n + j)
        // a panel's tile may step into the next panel before that is computed, so adding is for row-major results
        if (mode === 2 && isByPanel) return
        engine.kernels['gemmFloat']?.(bench.put(a), k * 4, bench.put(toPanels(w, k, n)), k * 32, bench.put(bias), c, ldc, cs, m, k, n, mode)
        for (const i of indices(m)) {
          for (const j of indices(n)) {
            const terms = [...indices(k).map((p) => at(a, i * k + p) * at(w, p * n + j)), mode === 2 ? at(before, i * n + j) : at(bias, j)]
            const expected = mode === 1 ? gelu(sum(terms)) : sum(terms)
            expectClose(at(out, place(i, j)), expected, 2 * productTolerance(terms), `c[${String(i)}][${String(j)}]`)
          }
        }
      })
    },
  },
  {
    title: 'gemmFloat gives a row the same bytes whatever rows lie around it, in tall and in low tiles',
    check: (engine) => {
      check(shapes, ({ m, k, panels, seed, size }) => {
        const random = randomOf(seed)
        const n = panels * 8
        const [a, w, bias] = [draw(random, m * k, size), draw(random, k * n), draw(random, n)]
        const product = (rows: Float32Array, count: number, isTall: boolean): Float32Array => {
          engine.kernels['setTall']?.(isTall ? 1 : 0)
          const bench = new Bench(engine)
          const c = bench.reserve((count + 8) * n * 4)
          const weights = bench.put(toPanels(w, k, n))
          engine.kernels['gemmFloat']?.(bench.put(rows), k * 4, weights, k * 32, bench.put(bias), c, n * 4, 32, count, k, n, 0)
          return bench.floats(c, count * n).slice()
        }
        const together = product(a, m, true)
        for (const i of indices(m)) {
          const alone = product(a.slice(i * k, (i + 1) * k), 1, false)
          if (alone.join() !== together.slice(i * n, (i + 1) * n).join()) throw new Error(`row ${String(i)} differs`)
        }
      })
    },
  },
  {
    title: 'activate gives x/2 (1 + erf(x/√2)) as GELU',
    check: (engine) => {
      check(fc.tuple(seeds, fc.constantFrom(1e-20, 1, 10, 1e4)), ([seed, size]) => {
        const bench = new Bench(engine)
        const x = draw(randomOf(seed), 64, size)
        const place = bench.put(x)
        engine.kernels['activate']?.(place, x.length, 0)
        for (const [i, value] of bench.floats(place, x.length).entries())
          expectClose(value, gelu(at(x, i)), 2e-7 * Math.abs(at(x, i)), `gelu(${String(at(x, i))})`)
      })
    },
  },
  {
    title: 'activate gives tanh(x), and ±1 far out',
    check: (engine) => {
      check(fc.tuple(seeds, fc.constantFrom(1e-20, 0.1, 1, 10, 1e30)), ([seed, size]) => {
        const bench = new Bench(engine)
        const x = draw(randomOf(seed), 64, size)
        const place = bench.put(x)
        engine.kernels['activate']?.(place, x.length, 1)
        for (const [i, value] of bench.floats(place, x.length).entries())
          expectClose(value, Math.tanh(at(x, i)), 5e-7 * Math.abs(Math.tanh(at(x, i))), `tanh(${String(at(x, i))})`)
      })
    },
  },
  {
    title: 'expRow is exp(x - max), and returns the sum',
    check: (engine) => {
      check(fc.tuple(seeds, fc.integer({ min: 1, max: 20 }), fc.constantFrom(1e-3, 1, 20, 1e6)), ([seed, quarter, size]) => {
        const bench = new Bench(engine)
        const x = draw(randomOf(seed), quarter * 4, size)
        const place = bench.put(x)
        const total = engine.kernels['expRow']?.(place, place + x.length * 4) ?? NaN
        const most = Math.max(...x)
        const expected = [...x].map((value) => Math.exp(Math.max(-87, Math.fround(value - most))))
        for (const [i, value] of bench.floats(place, x.length).entries())
          expectClose(value, at(expected, i), 3e-7 * at(expected, i), `exp ${String(at(x, i) - most)}`)
        expectClose(total, sum(expected), 1e-6 * sum(expected), 'the sum')
      })
    },
  },
  {
    title: 'addNorm normalises x + y',
    check: (engine) => {
      check(
        fc.tuple(seeds, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 30 }), fc.constantFrom(1e-3, 1, 1e3)),
        ([seed, m, quarter, size]) => {
          const bench = new Bench(engine)
          const random = randomOf(seed)
          const k = quarter * 4
          const [x, y, norm] = [draw(random, m * k, size), draw(random, m * k, size), draw(random, 2 * k)]
          const place = bench.put(y)
          engine.kernels['addNorm']?.(bench.put(x), place, bench.put(norm), m, k, 1e-7)
          const result = bench.floats(place, m * k)
          for (const i of indices(m)) {
            const row = indices(k).map((j) => Math.fround(at(x, i * k + j) + at(y, i * k + j)))
            const mean = sum(row) / k
            const deviation = Math.sqrt(sum(row.map((v) => (v - mean) ** 2)) / k + 1e-7)
            const most = Math.max(...row.map(Math.abs))
            for (const [j, v] of row.entries()) {
              const gain = at(norm, j)
              const tolerance = 2e-6 * (Math.abs(gain) * (most / deviation + 1) + Math.abs(at(norm, k + j)))
              expectClose(at(result, i * k + j), ((v - mean) / deviation) * gain + at(norm, k + j), tolerance, 'norm')
            }
          }
        },
      )
    },
  },
  {
    title: 'dotRow is a dot product',
    check: (engine) => {
      check(fc.tuple(seeds, fc.integer({ min: 1, max: 60 }), fc.constantFrom(1e-15, 1, 1e15)), ([seed, eighth, size]) => {
        const bench = new Bench(engine)
        const random = randomOf(seed)
        const [a, b] = [draw(random, eighth * 8, size), draw(random, eighth * 8)]
        const terms = indices(eighth * 8).map((i) => at(a, i) * at(b, i))
        expectClose(engine.kernels['dotRow']?.(bench.put(a), bench.put(b), eighth * 8) ?? NaN, sum(terms), productTolerance(terms), 'dot')
      })
    },
  },
  {
    title: 'transpose turns rows into columns',
    check: (engine) => {
      check(fc.tuple(seeds, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 8 })), ([seed, m, quarter]) => {
        const bench = new Bench(engine)
        const H = quarter * 4
        const x = draw(randomOf(seed), m * H)
        const ld = align(m, 4)
        const t = bench.reserve(H * ld * 4)
        engine.kernels['transpose']?.(bench.put(x), m, t, ld * 4, H)
        const result = bench.floats(t, H * ld)
        for (const i of indices(m)) for (const j of indices(H)) expectClose(at(result, j * ld + i), at(x, i * H + j), 0, 'transposed')
      })
    },
  },
  {
    title: 'rotate multiplies blocks with a Sylvester-Hadamard matrix',
    check: (engine) => {
      check(
        wideShapes,
        ({ k, seed, size }) => {
          const bench = new Bench(engine)
          const x = draw(randomOf(seed), k, size)
          const place = bench.put(x)
          engine.kernels['rotate']?.(place, place, k)
          const tolerance = 1e-6 * sum([...x].map(Math.abs))
          for (const [i, expected] of rotateSlowly(x).entries()) expectClose(at(bench.floats(place, k), i), expected, tolerance, 'rotated')
        },
        20,
      )
    },
  },
  {
    title: 'widenRow reads fp16, fp32, 8-bit and 4-bit blocks exactly',
    check: (engine) => {
      check(
        fc.tuple(seeds, fc.integer({ min: 1, max: 6 }), fc.constantFrom(0, 1, 3, 4), fc.constantFrom(1, 0.25)),
        ([seed, blocks, kind, factor]) => {
          const bench = new Bench(engine)
          const random = randomOf(seed)
          const k = blocks * 32
          const halves = Uint16Array.from({ length: k }, () => drawHalf(random))
          const scales = Uint16Array.from({ length: blocks }, () => drawHalf(random))
          const bytes = Uint8Array.from({ length: k }, () => Math.floor(random() * 256))
          const floats = draw(random, k, 1e10)
          const stored = kind === 0 ? halves : kind === 1 ? floats : kind === 3 ? bytes : bytes.subarray(0, k / 2)
          const dst = bench.reserve(k * 4)
          engine.kernels['widenRow']?.(bench.putBytes(stored), bench.putBytes(scales), kind, dst, k, factor)
          for (const [i, value] of bench.floats(dst, k).entries()) {
            const scale = Math.fround(halfOf(at(scales, i >> 5)) * factor)
            const nibble = i % 2 === 0 ? at(bytes, i >> 1) & 15 : at(bytes, i >> 1) >> 4
            const expected =
              [halfOf(at(halves, i)) * factor, at(floats, i) * factor, 0, (at(bytes, i) - 128) * scale, (nibble - 8) * scale][kind] ?? NaN
            expectClose(value, Math.fround(expected), 0, `number ${String(i)} of kind ${String(kind)}`)
          }
        },
      )
    },
  },
  {
    title: 'quantizeRows rounds every number to the nearest step of its row',
    check: (engine) => {
      check(
        fc.tuple(wideShapes, fc.boolean()),
        ([{ m, k, seed, size }, isConstant]) => {
          const x = isConstant ? new Float32Array(m * k).fill(size) : draw(randomOf(seed), m * k, size)
          const { integers, rows } = quantize(engine, x, m, k)
          const top = engine.kernels['intTop']?.(k) ?? NaN
          for (const i of indices(m)) {
            const row = x.slice(i * k, (i + 1) * k)
            const turned = engine.isRelaxed ? rotateSlowly(row) : [...row]
            const [scale, zero] = [at(rows, i * 2), at(rows, i * 2 + 1)]
            const slack = scale * 0.51 + 1e-6 * sum([...row].map(Math.abs)) + 1e-20
            for (const [j, expected] of turned.entries()) {
              const q = at(integers, i * k + j)
              if (q > top || q < (engine.isRelaxed ? 0 : -top)) throw new Error(`${String(q)} is out of range`)
              expectClose((q - zero) * scale, expected, slack, `number ${String(j)}`)
            }
          }
        },
        25,
      )
    },
  },
  {
    title: 'both integer products sum exactly and equal each other to the bit, at the largest values too',
    check: (engine) => {
      const arbitrary = fc.record({
        m: fc.integer({ min: 1, max: 14 }),
        k: fc.constantFrom(4, 32, 100, 384, 1536),
        panels: fc.integer({ min: 1, max: 3 }),
        seed: seeds,
        isExtreme: fc.boolean(),
      })
      check(arbitrary, ({ m, k, panels, seed, isExtreme }) => {
        const bench = new Bench(engine)
        const random = randomOf(seed)
        const n = panels * 8
        const top = engine.kernels['intTop']?.(k) ?? NaN
        const [low, step] = engine.isRelaxed ? [0, 4] : [-top, 2]
        const one = (from: number): number => (isExtreme ? (random() < 0.5 ? from : top) : from + Math.floor(random() * (top - from + 1)))
        const a = Int16Array.from({ length: m * k }, () => one(low))
        const w = Int16Array.from({ length: k * n }, () => one(-top))
        const packed = new Int16Array(k * n)
        for (const i of indices(k))
          for (const j of indices(n)) {
            const panel = (j >> 3) * k * 8
            packed[panel + (i - (i % step)) * 8 + (j & 7) * step + (i % step)] = at(w, i * n + j)
          }
        const narrow = (values: Int16Array): ArrayBufferView => (engine.isRelaxed ? Int8Array.from(values) : values)
        const columnSums = indices(n).map((j) => sum(indices(k).map((i) => at(w, i * n + j))))
        const [bias, scale] = [draw(random, n), draw(random, n)]
        const rows = Float32Array.from({ length: m * 2 }, (_, i) =>
          i % 2 ? (engine.isRelaxed ? Math.floor(random() * 128) : 0) : random(),
        )
        const tail = Float32Array.from([...bias, ...scale, ...columnSums])
        const weights = new Uint8Array(narrow(packed).byteLength + tail.byteLength)
        const stored = narrow(packed)
        weights.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength))
        weights.set(new Uint8Array(tail.buffer), stored.byteLength)
        const [aAt, rowsAt, wAt] = [bench.putBytes(narrow(a)), bench.put(rows), bench.putBytes(weights)]
        const product = (kernel: string): Float32Array => {
          const c = bench.reserve((m + 8) * n * 4)
          engine.kernels[kernel]?.(aAt, rowsAt, wAt, c, n * 4, 32, m, k, n, 0)
          return bench.floats(c, m * n)
        }
        const [fused, twoStep] = [product('gemmIntFused'), product('gemmIntTwoStep')]
        if (fused.join() !== twoStep.join()) throw new Error('the two products differ')
        for (const i of indices(m)) {
          for (const j of indices(n)) {
            const total = sum(indices(k).map((p) => at(a, i * k + p) * at(w, p * n + j)))
            const offset = at(rows, i * 2 + 1) * at(columnSums, j)
            const factor = at(rows, i * 2) * at(scale, j)
            const tolerance = 4e-7 * (Math.abs(factor) * (Math.abs(total) + Math.abs(offset)) + Math.abs(at(bias, j)))
            expectClose(at(fused, i * n + j), (total - offset) * factor + at(bias, j), tolerance, `c[${String(i)}][${String(j)}]`)
          }
        }
      })
    },
  },
  {
    title: 'quantized rows times a packed matrix are close to the product in floats',
    check: (engine) => {
      check(
        wideShapes,
        ({ m, k, seed, size }) => {
          const bench = new Bench(engine)
          const random = randomOf(seed)
          const n = 8
          const [x, w, bias] = [draw(random, m * k, size), draw(random, n * k, 0.05), draw(random, n, size)]
          const panels = bench.reserve(n * k * 2 + n * 12)
          const biasAt = panels + n * k * (engine.isRelaxed ? 1 : 2)
          bench.floats(biasAt, n).set(bias)
          for (const i of indices(n)) engine.kernels['packColumn']?.(bench.put(w.slice(i * k, (i + 1) * k)), k, panels, i, biasAt, n)
          const { at: qAt, rowsAt } = quantize(engine, x, m, k, bench)
          const c = bench.reserve((m + 8) * n * 4)
          engine.kernels['gemmIntFused']?.(qAt, rowsAt, panels, c, n * 4, 32, m, k, n, 0)
          const steps = engine.isRelaxed ? 127 : (engine.kernels['intTop']?.(k) ?? NaN)
          for (const i of indices(m)) {
            for (const j of indices(n)) {
              const [row, column] = [x.slice(i * k, (i + 1) * k), w.slice(j * k, (j + 1) * k)]
              const product = sum(indices(k).map((p) => at(row, p) * at(column, p)))
              const lengths = Math.hypot(...row) * Math.hypot(...column)
              // a rounding error is a uniform one of half a step, steps follow the largest number of a row, and rows below 1e-20 count as 0
              const tolerance = (lengths * 24) / steps + 1e-6 * size * 50 + 1e-18
              expectClose(at(bench.floats(c, m * n), i * n + j), product + at(bias, j), tolerance, 'product')
            }
          }
        },
        20,
      )
    },
  },
  {
    title: 'attend is softmax(q·k + q·PK + k·PQ) times the values, over the prefix and the own choice, either of which may be missing',
    check: (engine) => {
      checkAttention(engine, 'terms')
    },
  },
  {
    title: 'attend is softmax(q·k + a number for the head and the offset) times the values where that is what distances add',
    check: (engine) => {
      checkAttention(engine, 'bias')
    },
  },
]

function checkAttention(engine: Engine, relative: AttentionShape['relative']): void {
  const lengths = fc
    .record({ prefix: fc.integer({ min: 0, max: 50 }), own: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 45, max: 60 })) })
    .filter(({ prefix, own }) => prefix + own > 0)
  const arbitrary = fc.record({
    lengths,
    gap: fc.integer({ min: 0, max: 9 }),
    shape: fc.constantFrom([1, 32], [3, 32], [4, 8], [2, 64]),
    buckets: fc.constantFrom(4, 16, 64),
    seed: seeds,
  })
  check(
    arbitrary,
    ({ lengths: { prefix, own }, shape: [heads = 1, headSize = 32], ...rest }) => {
      attendAsDefined(engine, { prefix, own, heads, headSize, relative, ...rest })
    },
    8,
  )
}

function quantize(engine: Engine, x: Float32Array, m: number, k: number, bench = new Bench(engine)) {
  const place = bench.reserve(m * k * 2)
  const rowsAt = bench.reserve(m * 8)
  engine.kernels['quantizeRows']?.(bench.put(x), m, k, place, rowsAt, bench.reserve(k * 4))
  const integers: ArrayLike<number> = engine.isRelaxed ? bench.bytes(place, m * k) : bench.shorts(place, m * k)
  return { at: place, rowsAt, integers, rows: bench.floats(rowsAt, m * 2) }
}
