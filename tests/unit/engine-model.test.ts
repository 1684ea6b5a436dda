// The whole engine against a model computed by definition: sizes and parts that the embedded model does not have, every storage, every order of tensors.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SharedPrefixInput } from '../../src/core/types'
import { answerInOnePass, largestDifference } from './engine-answer'
import { gelu, randomOf } from './engine-bench'
import { tinyLogits, tinyManifest, tinyModel, writeTinyModel, type Storage, type TinyShape } from './engine-tiny-model'

const SHAPE: TinyShape = {
  hidden: 32,
  heads: 4,
  layers: 2,
  intermediate: 64,
  vocabulary: 50,
  positions: 24,
  buckets: 8,
  hasPositions: true,
  types: 2,
  hasLateInteraction: true,
}

/** Logits of the questions, all answered in one pass. */
const answer = (
  shape: TinyShape,
  file: Uint8Array,
  inputs: readonly SharedPrefixInput[],
  options?: Parameters<typeof answerInOnePass>[3],
): Promise<number[][]> => answerInOnePass(tinyManifest(shape), file, inputs, options)
function question(random: () => number, shape: TinyShape, hasContext: boolean): SharedPrefixInput {
  const ids = (from: number, to: number): Int32Array =>
    Int32Array.from({ length: from + Math.floor(random() * (to - from + 1)) }, () => Math.floor(random() * shape.vocabulary))
  const prefixIds = ids(2, 30)
  const contextTokens = hasContext ? Math.floor(random() * (prefixIds.length - 1)) : 0
  return {
    layout: 'shared-prefix',
    prefixIds,
    contextTokens,
    choiceIds: Array.from({ length: 1 + Math.floor(random() * 4) }, () => ids(2, 9)),
  }
}

describe('the engine on a tiny model', () => {
  it('computes what the model is defined as, whatever its sizes and parts, several questions in a pass', async () => {
    const shapes = fc.record({
      size: fc.constantFrom([32, 4], [32, 1], [64, 2], [96, 3]),
      layers: fc.integer({ min: 1, max: 3 }),
      intermediate: fc.constantFrom(32, 96),
      positions: fc.constantFrom(24, 60),
      buckets: fc.constantFrom(4, 8, 32),
      hasPositions: fc.boolean(),
      types: fc.constantFrom(0, 2),
      hasLateInteraction: fc.boolean(),
      seed: fc.integer(),
    })
    const property = fc.asyncProperty(shapes, async ({ size: [hidden = 32, heads = 4], seed, ...rest }) => {
      const shape = { ...SHAPE, hidden, heads, ...rest }
      const random = randomOf(seed)
      const model = tinyModel(shape, random)
      const file = writeTinyModel(model, 'fp32')
      const inputs = [question(random, shape, true), question(random, shape, false), question(random, shape, true)]
      const expected = inputs.map((input) => tinyLogits(shape, model, input, gelu))
      expect(largestDifference(await answer(shape, file, inputs), expected)).toBeLessThan(1e-3)
    })
    await fc.assert(property, { numRuns: 12 })
  }, 30_000)
  it.each<Storage>(['fp32', 'fp16', 'q8', 'q4'])('reads weights stored as %s', async (storage) => {
    const random = randomOf(7)
    const model = tinyModel(SHAPE, random)
    const file = writeTinyModel(model, storage)
    const inputs = [question(random, SHAPE, true)]
    const expected = inputs.map((input) => tinyLogits(SHAPE, model, input, gelu))
    expect(largestDifference(await answer(SHAPE, file, inputs), expected)).toBeLessThan(2e-4)
  })
  it('is close to that in integers', async () => {
    const random = randomOf(8)
    const model = tinyModel(SHAPE, random)
    const file = writeTinyModel(model, 'fp32')
    const inputs = [question(random, SHAPE, true)]
    const expected = inputs.map((input) => tinyLogits(SHAPE, model, input, gelu))
    expect(largestDifference(await answer(SHAPE, file, inputs, { arithmetic: 'int8' }), expected)).toBeLessThan(0.02)
  })
  it('does not care about the order of the tensors or where the chunks end', async () => {
    const random = randomOf(9)
    const model = tinyModel(SHAPE, random)
    const inputs = [question(random, SHAPE, true), question(random, SHAPE, true)]
    const expected = await answer(SHAPE, writeTinyModel(model, 'q8'), inputs)
    const property = fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 5000 }), async (seed, chunkBytes) => {
      const order = randomOf(seed)
      const shuffled = writeTinyModel(model, 'q8', (names) => names.map((name) => ({ name, key: order() })).sort((a, b) => a.key - b.key).map(({ name }) => name)) // prettier-ignore
      expect(await answer(SHAPE, shuffled, inputs, { chunkBytes })).toEqual(expected)
    })
    await fc.assert(property, { numRuns: 10 })
  })
  it('refuses a file without a tensor that it needs', async () => {
    const model = tinyModel(SHAPE, randomOf(10))
    model.delete('deberta.encoder.layer.1.output.dense.bias')
    await expect(answer(SHAPE, writeTinyModel(model, 'fp16'), [])).rejects.toMatchObject({
      code: 'weights_damaged',
      detail: { reason: 'deberta.encoder.layer.1.output.dense.bias is missing' },
    })
  })
  it('refuses a tensor of another shape', async () => {
    const model = tinyModel({ ...SHAPE, intermediate: 96 }, randomOf(11))
    await expect(answer(SHAPE, writeTinyModel(model, 'fp16'), [])).rejects.toMatchObject({ code: 'weights_damaged' })
  })
  it('refuses sizes that its kernels cannot do', async () => {
    const shape = { ...SHAPE, hidden: 48, heads: 2 }
    await expect(answer(shape, writeTinyModel(tinyModel(shape, randomOf(12)), 'fp32'), [])).rejects.toMatchObject({
      code: 'model_unsupported',
      detail: { field: 'hidden_size in config.json', value: '48' },
    })
  })
})
