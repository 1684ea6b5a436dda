// What every ModelStore does.
import type { PairsManifest } from '../../src/core/types'
import { recordStoreCases } from './record-store'

const manifest = (title: string): PairsManifest => ({
  format: 'pagewise-model/1',
  id: 'own',
  title,
  licence: 'mit',
  source: 'my-bert',
  architecture: 'bert',
  config: { hidden_size: 32 },
  layout: 'pairs',
  maxTokens: { pair: 64 },
  template: '{context} #### {prompt}',
  files: [{ name: 'weights.q8.safetensors', precision: 'q8', bytes: 3, sha256: 'aa', chunkBytes: 4_194_304, chunkSha256: ['aa'] }],
  selfTest: null,
  scores: [],
})

export const modelStoreCases = recordStoreCases('model', manifest)
