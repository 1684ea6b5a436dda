// transformers.js in a real page, on onnxruntime-web's WebAssembly from our own build; nothing is asked of any other host.
import { expect, it } from 'vitest'
import type { runEmbedderContract } from './page/embedders'
import { ROOT } from './launch'
import { useSources } from './sources'

const sources = useSources()

it('transformers.js in a page holds the contract of Embedder and asks no other host', async () => {
  const asked = { folder: `/@fs${ROOT}/tests/fixtures/embedder`, isGpu: false }
  const outcome = await sources.call<Awaited<ReturnType<typeof runEmbedderContract>>>('embedders', 'runEmbedderContract', asked)
  expect(outcome.results.map(({ title, got }) => ({ title, value: got }))).toEqual(
    outcome.results.map(({ title, expected }) => ({ title, value: expected })),
  )
  expect([outcome.description, outcome.results.length, outcome.isOwnOriginOnly]).toEqual(['transformers.js, WebAssembly', 3, true])
})
