// Every kernel of the build with relaxed SIMD against a naive one.
import { expect, it } from 'vitest'
import { useSources } from './sources'

const sources = useSources()

it('the kernels of the build with relaxed SIMD hold their properties', async () => {
  const results = await sources.call<{ title: string; wrong: string | null }[]>('kernels', 'checkKernels')
  expect(results.filter(({ wrong }) => wrong !== null)).toEqual([])
  expect(results.length).toBeGreaterThan(10)
})
