// The engine in a real page: both builds, one to four workers, with and without a shared memory.
import { describe, expect, it } from 'vitest'
import type { Outcome } from './page/models'
import { EMBEDDED, useSources } from './sources'

const fp16 = { ...EMBEDDED, file: 'weights.fp16.safetensors', precision: 'fp32', arithmetic: 'float' }
const q8 = { ...EMBEDDED, file: 'weights.q8.safetensors', precision: 'q8', arithmetic: 'float' }

describe('the engine in a cross-origin isolated page', () => {
  const sources = useSources()
  const ask = (asked: object): Promise<Outcome> => sources.call('models', 'onEngine', { every: 1, workers: 2, ...asked })

  it.each(['relaxed', 'plain'])('reproduces the logits of PyTorch within 1e-4 on the %s build', async (build) => {
    const { error, questions } = await ask({ ...fp16, build })
    expect(questions).toBe(92)
    expect(error).toBeLessThan(1e-4)
  })
  it.each(['relaxed', 'plain'])('computes in every kernel of the %s build what slow, obvious code does', async (build) => {
    expect(await sources.call('engine-kernels', 'failingKernels', build)).toEqual([])
  })
  it('gives the same bytes with one to four workers', async () => {
    const one = await ask({ ...fp16, every: 6, workers: 1 })
    for (const workers of [2, 3, 4]) expect((await ask({ ...fp16, every: 6, workers })).logits).toEqual(one.logits)
  })
  it('ranks 8-bit weights first as PyTorch does, near-ties aside', async () => {
    expect((await ask(q8)).topOne).toBeGreaterThanOrEqual(0.95)
  })
  it('ranks first as PyTorch does with int8 arithmetic, near-ties aside', async () => {
    expect((await ask({ ...q8, arithmetic: 'int8' })).topOne).toBeGreaterThanOrEqual(0.95)
  })
})

describe('the engine in a page that is not isolated', () => {
  const sources = useSources({ isIsolated: false })

  it('reproduces the logits of PyTorch with a copy of the weights for each worker', async () => {
    const { error } = await sources.call<Outcome>('models', 'onEngine', { ...fp16, every: 6, workers: 2 })
    expect(error).toBeLessThan(1e-4)
  })
})
