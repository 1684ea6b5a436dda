// A model small enough to compute by definition: random weights, a safetensors file of them in any storage and order, and the forward pass
// in plain loops over whole matrices (Hugging Face's modeling_deberta_v2 with the layout shared-prefix, late interaction as ColBERT).
import { relativeBucket } from '../../src/core/compile/relative-buckets'
import type { Manifest, SharedPrefixInput } from '../../src/core/types'

export interface TinyShape {
  hidden: number
  heads: number
  layers: number
  intermediate: number
  vocabulary: number
  positions: number
  buckets: number
  hasPositions: boolean
  types: number
  hasLateInteraction: boolean
}
export interface TinyTensor {
  shape: number[]
  values: Float32Array
}
export type TinyModel = Map<string, TinyTensor>
export type Storage = 'fp32' | 'fp16' | 'q8' | 'q4'

export function tinyManifest(shape: TinyShape): Manifest {
  return {
    format: 'pagewise-model/1',
    id: 'tiny',
    title: 'Tiny',
    licence: '',
    source: '',
    architecture: 'deberta-v2',
    config: {
      model_type: 'deberta-v2',
      vocab_size: shape.vocabulary,
      hidden_size: shape.hidden,
      num_hidden_layers: shape.layers,
      num_attention_heads: shape.heads,
      intermediate_size: shape.intermediate,
      hidden_act: 'gelu',
      max_position_embeddings: shape.positions,
      type_vocab_size: shape.types,
      layer_norm_eps: 1e-7,
      relative_attention: true,
      max_relative_positions: -1,
      position_buckets: shape.buckets,
      norm_rel_ebd: 'layer_norm',
      share_att_key: true,
      pos_att_type: 'p2c|c2p',
      position_biased_input: shape.hasPositions,
      pooler_hidden_act: 'gelu',
    },
    layout: 'shared-prefix',
    maxTokens: { prefix: 80, choice: 30 },
    template: '{context} #### {prompt}',
    files: [],
    selfTest: { question: { prompt: '', options: [], context: null }, logits: [], tolerance: {} },
    scores: [],
  }
}

const LINEARS = ['attention.self.query_proj', 'attention.self.key_proj', 'attention.self.value_proj', 'attention.output.dense']

/** Weights that make every part of the model matter: norms that are not 1, biases, relative rows of the size of the content. */
export function tinyModel(shape: TinyShape, random: () => number): TinyModel {
  const { hidden: H, intermediate: F, layers, buckets } = shape
  const model: TinyModel = new Map()
  const add = (name: string, dims: number[], size: number, middle = 0): void => {
    const length = dims.reduce((a, b) => a * b, 1)
    model.set(name, { shape: dims, values: Float32Array.from({ length }, () => middle + (random() * 2 - 1) * size) })
  }
  const addNorm = (name: string): void => {
    add(`${name}.weight`, [H], 0.5, 1)
    add(`${name}.bias`, [H], 0.3)
  }
  const addLinear = (name: string, n: number, k: number): void => {
    add(`${name}.weight`, [n, k], 2 / Math.sqrt(k))
    add(`${name}.bias`, [n], 0.2)
  }
  add('deberta.embeddings.word_embeddings.weight', [shape.vocabulary, H], 1)
  if (shape.hasPositions) add('deberta.embeddings.position_embeddings.weight', [shape.positions, H], 0.5)
  if (shape.types > 0) add('deberta.embeddings.token_type_embeddings.weight', [shape.types, H], 0.5)
  addNorm('deberta.embeddings.LayerNorm')
  add('deberta.encoder.rel_embeddings.weight', [2 * buckets, H], 1)
  addNorm('deberta.encoder.LayerNorm')
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `deberta.encoder.layer.${String(layer)}.`
    for (const name of LINEARS) addLinear(prefix + name, H, H)
    addLinear(`${prefix}intermediate.dense`, F, H)
    addLinear(`${prefix}output.dense`, H, F)
    addNorm(`${prefix}attention.output.LayerNorm`)
    addNorm(`${prefix}output.LayerNorm`)
  }
  addLinear('pooler.dense', H, H)
  addLinear('classifier', 1, H)
  if (shape.hasLateInteraction) {
    addLinear('late_interaction.token_weight', 1, H)
    add('late_interaction.scale', [], 1, 5)
  }
  return model
}

const toHalf = (value: number): number => {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer)
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 255) - 112
  if (exponent <= 0) return sign | Math.round(Math.abs(value) * 2 ** 24) // subnormal
  return sign + (exponent << 10) + (((bits & 0x7fffff) + 0x1000) >>> 13) // a carry moves into the exponent, as it should
}
const fromHalf = (half: number): number => {
  const [exponent, fraction] = [(half >> 10) & 31, half & 1023]
  return (half & 0x8000 ? -1 : 1) * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

interface Stored {
  dtype: string
  shape: number[]
  bytes: Uint8Array
}
const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

/** A tensor as the file has it; `values` are replaced by what the file says they are. */
function store(name: string, tensor: TinyTensor, storage: Storage): [string, Stored][] {
  const { shape, values } = tensor
  const isWords = name.includes('word_embeddings')
  const isLinear = shape.length === 2 && name.includes('.layer.')
  if (storage === 'fp32') return [[name, { dtype: 'F32', shape, bytes: bytesOf(values) }]]
  if (storage === 'fp16' || (!isWords && !isLinear)) {
    const halves = Uint16Array.from(values, toHalf)
    for (const [i, half] of halves.entries()) values[i] = fromHalf(half)
    return [[name, { dtype: 'F16', shape, bytes: bytesOf(halves) }]]
  }
  const [n = 0, k = 0] = shape
  const [block, top] = isWords ? [k, 127] : [32, storage === 'q8' ? 127 : 7]
  const scales = new Uint16Array((n * k) / block)
  const codes = new Int8Array(n * k)
  for (let b = 0; b < scales.length; b++) {
    const part = values.subarray(b * block, (b + 1) * block)
    const half = toHalf(Math.max(...part.map(Math.abs)) / top)
    scales[b] = half
    for (let i = 0; i < block; i++) {
      codes[b * block + i] = Math.max(-top, Math.min(top, Math.round((part[i] ?? 0) / fromHalf(half))))
      part[i] = (codes[b * block + i] ?? 0) * fromHalf(half)
    }
  }
  const scaleTensor: [string, Stored] = [`${name}.scales`, { dtype: 'F16', shape: isWords ? [n] : [n, k / block], bytes: bytesOf(scales) }]
  if (isWords) return [[name, { dtype: 'I8', shape, bytes: bytesOf(codes) }], scaleTensor]
  if (storage === 'q8') return [[name, { dtype: 'U8', shape, bytes: Uint8Array.from(codes, (code) => code + 128) }], scaleTensor]
  const packed = Uint8Array.from({ length: (n * k) / 2 }, (_, i) => ((codes[2 * i] ?? 0) + 8) | (((codes[2 * i + 1] ?? 0) + 8) << 4))
  return [[name, { dtype: 'U8', shape: [n, k / 2], bytes: packed }], scaleTensor]
}

/** The model as a safetensors file, its tensors in the order that `arrange` gives. Rounds the model's values to what the file holds. */
export function writeTinyModel(model: TinyModel, storage: Storage, arrange: (names: string[]) => string[] = (names) => names): Uint8Array {
  const stored = new Map([...model].flatMap(([name, tensor]) => store(name, tensor, storage)))
  const header: Record<string, unknown> = {}
  const parts: Uint8Array[] = []
  let offset = 0
  for (const name of arrange([...stored.keys()])) {
    const { dtype, shape, bytes } = stored.get(name) ?? { dtype: '', shape: [], bytes: new Uint8Array() }
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] }
    offset += bytes.length
    parts.push(bytes)
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const file = new Uint8Array(8 + json.length + offset)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true)
  file.set(json, 8)
  let at = 8 + json.length
  for (const part of parts) {
    file.set(part, at)
    at += part.length
  }
  return file
}

// ---- the forward pass, by definition

export type Matrix = number[][]
export function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}
const length = (a: readonly number[]): number => Math.sqrt(dot(a, a))
export const add = (a: readonly number[], b: readonly number[]): number[] => a.map((x, i) => x + (b[i] ?? 0))
export function softmax(x: readonly number[]): number[] {
  const most = Math.max(...x)
  const e = x.map((v) => Math.exp(v - most))
  const total = e.reduce((a, b) => a + b, 0)
  return e.map((v) => v / total)
}

/** The tensors of a model, and the functions that they are. */
export function partsOf(model: TinyModel, epsilon: number) {
  const vector = (name: string): number[] => [...(model.get(name)?.values ?? [])]
  const matrix = (name: string): Matrix => {
    const { shape: [n = 0, k = 0] = [], values = new Float32Array() } = model.get(name) ?? {}
    return [...Array(n).keys()].map((i) => [...values.subarray(i * k, (i + 1) * k)])
  }
  const norm = (x: number[], name: string): number[] => {
    const mean = x.reduce((a, b) => a + b, 0) / x.length
    const deviation = Math.sqrt(x.reduce((a, v) => a + (v - mean) ** 2, 0) / x.length + epsilon)
    const [gain, bias] = [vector(`${name}.weight`), vector(`${name}.bias`)]
    return x.map((v, i) => ((v - mean) / deviation) * (gain[i] ?? 0) + (bias[i] ?? 0))
  }
  const linear = (name: string): ((x: number[]) => number[]) => {
    const [w, bias] = [matrix(`${name}.weight`), vector(`${name}.bias`)]
    return (x) => w.map((row, i) => dot(row, x) + (bias[i] ?? 0))
  }
  return { vector, matrix, norm, linear }
}

/** `gelu` in double precision. */
export function tinyLogits(shape: TinyShape, model: TinyModel, input: SharedPrefixInput, gelu: (x: number) => number): number[] {
  const { hidden: H, heads, positions } = shape
  const d = H / heads
  const { vector, matrix, norm, linear } = partsOf(model, 1e-7)

  const P = input.prefixIds.length
  const tokens = [
    ...[...input.prefixIds].map((id, i) => ({ id, position: i, choice: -1 })),
    ...input.choiceIds.flatMap((ids, choice) => [...ids].map((id, i) => ({ id, position: P + i, choice }))),
  ]
  const words = matrix('deberta.embeddings.word_embeddings.weight')
  const places = matrix('deberta.embeddings.position_embeddings.weight')
  const types = matrix('deberta.embeddings.token_type_embeddings.weight')
  let x = tokens.map(({ id, position }) => {
    const place = places[Math.min(position, positions - 1)] ?? []
    return norm(add(add(words[id] ?? [], place), types[0] ?? []), 'deberta.embeddings.LayerNorm')
  })
  const relative = matrix('deberta.encoder.rel_embeddings.weight').map((row) => norm(row, 'deberta.encoder.LayerNorm'))
  const rowOf = (i: number, j: number): number =>
    relativeBucket((tokens[i]?.position ?? 0) - (tokens[j]?.position ?? 0), shape.buckets, positions)

  for (let layer = 0; layer < shape.layers; layer++) {
    const prefix = `deberta.encoder.layer.${String(layer)}.`
    const project = (rows: Matrix, name: string): Matrix => rows.map(linear(`${prefix}attention.self.${name}_proj`))
    const [q, k, v] = [project(x, 'query'), project(x, 'key'), project(x, 'value')]
    const [pk, pq] = [project(relative, 'key'), project(relative, 'query')]
    const part = (rows: Matrix, i: number, head: number): number[] => (rows[i] ?? []).slice(head * d, (head + 1) * d)
    const attended = tokens.map((token, i) => {
      const seen = [...tokens.keys()].filter((j) => tokens[j]?.choice === -1 || tokens[j]?.choice === token.choice)
      return [...Array(heads).keys()].flatMap((h) => {
        const scores = seen.map((j) => {
          const [qi, kj, row] = [part(q, i, h), part(k, j, h), rowOf(i, j)]
          return (dot(qi, kj) + dot(qi, part(pk, row, h)) + dot(kj, part(pq, row, h))) / Math.sqrt(3 * d)
        })
        const weights = softmax(scores)
        return seen.reduce<number[]>(
          (total, j, s) =>
            add(
              total,
              part(v, j, h).map((c) => c * (weights[s] ?? 0)),
            ),
          Array<number>(d).fill(0),
        )
      })
    })
    const out = linear(`${prefix}attention.output.dense`)
    const y = attended.map((row, i) => norm(add(out(row), x[i] ?? []), `${prefix}attention.output.LayerNorm`))
    const [up, down] = [linear(`${prefix}intermediate.dense`), linear(`${prefix}output.dense`)]
    x = y.map((row) => norm(add(down(up(row).map(gelu)), row), `${prefix}output.LayerNorm`))
  }

  const [pool, classify] = [linear('pooler.dense'), linear('classifier')]
  const weigh = linear('late_interaction.token_weight')
  const [scale = 0] = vector('late_interaction.scale')
  const context = x.slice(1, 1 + input.contextTokens)
  let first = P
  return input.choiceIds.map((ids) => {
    const states = x.slice(first, first + ids.length)
    first += ids.length
    const [pooled = 0] = classify(pool(states[0] ?? []).map(gelu))
    const inner = states.slice(1, -1)
    if (context.length === 0 || inner.length === 0 || scale === 0) return pooled
    const weights = softmax(inner.map((state) => weigh(state)[0] ?? 0))
    const best = inner.map((state) => Math.max(0, ...context.map((c) => dot(state, c) / length(state) / length(c))))
    return pooled + scale * dot(weights, best)
  })
}
