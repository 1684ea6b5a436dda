// Layout pairs by definition: the encoders of modeling_deberta_v2, modeling_bert and modeling_mpnet for one pair, in plain loops, with random
// weights of every tensor that the config asks for.
import { readBlueprint } from '../../src/core/checkpoint/architectures'
import { createFields } from '../../src/core/checkpoint/config-fields'
import { relativeBucket } from '../../src/core/compile/relative-buckets'
import { relativeBucket as mpnetBucket } from '../../src/core/compile/mpnet'
import { gelu, indices } from './engine-bench'
import { add, dot, partsOf, softmax, type Matrix, type TinyModel } from './engine-tiny-model'

export type Config = Record<string, unknown>
export interface Pair {
  ids: Int32Array
  types: Int32Array | null
}

/** Weights that make every part matter. */
export function pairsModel(config: Config, random: () => number): TinyModel {
  const model: TinyModel = new Map()
  for (const { name, shape, role } of readBlueprint(createFields(config)).tensors) {
    const length = shape.reduce((a, b) => a * b, 1)
    const width = shape.slice(1).reduce((a, b) => a * b, 1)
    const isTable = role === 'words' || name.includes('embeddings.') || name.includes('rel_embeddings') || name.includes('bias.weight')
    const size = shape.length === 1 ? 0.3 : isTable ? 1 : 2 / Math.sqrt(width)
    const middle = name.endsWith('LayerNorm.weight') ? 1 : 0
    model.set(name, { shape: [...shape], values: Float32Array.from({ length }, () => middle + (random() * 2 - 1) * size) })
  }
  return model
}

/** Where the architectures differ. */
interface Kind {
  root: string
  heads: [query: string, key: string, value: string, out: string]
  norm: string
  pooler: string
  activation: (x: number) => number
  firstPosition: number
}
const SELF = 'attention.self.'
const KINDS: Record<string, Kind> = {
  'deberta-v2': {
    root: 'deberta',
    heads: [`${SELF}query_proj`, `${SELF}key_proj`, `${SELF}value_proj`, 'attention.output.dense'],
    norm: 'attention.output.LayerNorm',
    pooler: 'pooler.dense',
    activation: gelu,
    firstPosition: 0,
  },
  bert: {
    root: 'bert',
    heads: [`${SELF}query`, `${SELF}key`, `${SELF}value`, 'attention.output.dense'],
    norm: 'attention.output.LayerNorm',
    pooler: 'bert.pooler.dense',
    activation: Math.tanh,
    firstPosition: 0,
  },
  mpnet: {
    root: 'mpnet',
    heads: ['attention.attn.q', 'attention.attn.k', 'attention.attn.v', 'attention.attn.o'],
    norm: 'attention.LayerNorm',
    pooler: 'mpnet.pooler.dense',
    activation: Math.tanh,
    firstPosition: 2,
  },
}

/** `terms`: of DeBERTa's c2p and p2c. */
export function pairLogit(config: Config, terms: readonly string[], model: TinyModel, { ids, types }: Pair): number {
  const kind = KINDS[String(config['model_type'])]!
  const number = (field: string): number => Number(config[field] ?? 0)
  const [H, heads, T] = [number('hidden_size'), number('num_attention_heads'), ids.length]
  const d = H / heads
  const { vector, matrix, norm, linear } = partsOf(model, number('layer_norm_eps'))
  const table = (name: string): Matrix => matrix(`${kind.root}.embeddings.${name}_embeddings.weight`)
  const [words, positions, kinds] = [table('word'), table('position'), table('token_type')]
  const embedded = indices(T).map((t) => {
    const sum = add(add(words[ids[t]!]!, positions[kind.firstPosition + t] ?? []), kinds[types?.[t] ?? 0] ?? [])
    return norm(sum, `${kind.root}.embeddings.LayerNorm`)
  })
  const [relative, biases] = [matrix('deberta.encoder.rel_embeddings.weight'), matrix('mpnet.encoder.relative_attention_bias.weight')]
  const relativeRows = relative.map((row) => norm(row, 'deberta.encoder.LayerNorm'))
  const bucket = (offset: number): number => relativeBucket(offset, number('position_buckets'), number('max_position_embeddings'))
  const part = (rows: Matrix, i: number, head: number): number[] => rows[i]!.slice(head * d, (head + 1) * d)

  let x = embedded
  for (const layer of indices(number('num_hidden_layers'))) {
    const prefix = `${kind.root}.encoder.layer.${String(layer)}.`
    const project = (rows: Matrix, name: string): Matrix => rows.map(linear(prefix + name))
    const [query, key, value, out] = kind.heads
    const [q, k, v] = [project(x, query), project(x, key), project(x, value)]
    const isShared = config['share_att_key'] === true
    const [pk, pq] = [isShared ? key : `${SELF}pos_key_proj`, isShared ? query : `${SELF}pos_query_proj`].map((name) =>
      project(relativeRows, name),
    )
    const attended = indices(T).map((i) =>
      indices(heads).flatMap((h) => {
        const scores = indices(T).map((j) => {
          const [qi, kj] = [part(q, i, h), part(k, j, h)]
          const c2p = terms.includes('c2p') ? dot(qi, part(pk!, bucket(i - j), h)) : 0
          const p2c = terms.includes('p2c') ? dot(kj, part(pq!, bucket(i - j), h)) : 0
          return (dot(qi, kj) + c2p + p2c) / Math.sqrt((1 + terms.length) * d) + (biases[mpnetBucket(j - i)]?.[h] ?? 0)
        })
        const weights = softmax(scores)
        return indices(d).map((c) =>
          dot(
            weights,
            indices(T).map((j) => part(v, j, h)[c]!),
          ),
        )
      }),
    )
    const y = project(attended, out).map((row, i) => norm(add(row, x[i]!), prefix + kind.norm))
    const up = project(y, 'intermediate.dense').map((row) => row.map(gelu))
    x = project(up, 'output.dense').map((row, i) => norm(add(row, y[i]!), `${prefix}output.LayerNorm`))
    if (layer === 0 && number('conv_kernel_size') > 0) x = convolve(embedded, x)
  }
  const pooled = linear(kind.pooler)(x[0]!).map(kind.activation)
  return linear('classifier')(pooled)[0]!

  function convolve(entering: Matrix, leaving: Matrix): Matrix {
    const size = number('conv_kernel_size')
    const [kernel, bias] = [vector('deberta.encoder.conv.conv.weight'), vector('deberta.encoder.conv.conv.bias')]
    const activation = config['conv_act'] === 'gelu' ? gelu : Math.tanh
    return leaving.map((row, t) => {
      const seen = indices(H).map((n) =>
        dot(
          kernel.slice(n * H * size, (n + 1) * H * size),
          indices(H * size).map((i) => entering[t + (i % size) - (size >> 1)]?.[Math.floor(i / size)] ?? 0),
        ),
      )
      return norm(
        add(
          row,
          seen.map((value, n) => activation(value + bias[n]!)),
        ),
        'deberta.encoder.conv.LayerNorm',
      )
    })
  }
}
