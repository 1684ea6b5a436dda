// A checkpoint as the model folder of a precision, beside it, made once; and its questions as token ids.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClock } from '../../../src/adapters/clock/clock'
import { sha256 } from '../../../src/adapters/crypto/sha256'
import { createFolderWriter, openCheckpointFolder } from '../../../src/adapters/node/checkpoint'
import { guessMapping, readQuestions, readTable } from '../../../src/core/dataset'
import { NO_EDITS } from '../../../src/core/dataset/types'
import { createEncoder } from '../../../src/core/encode'
import { parseManifest } from '../../../src/core/manifest'
import type { Manifest, Precision } from '../../../src/core/types'
import { compileCheckpoint } from '../../../src/jobs/compile-model'
import type { TimedPairs } from './contenders'

const STEMS = 'models/default/stems.json'
const SAMPLE = 'public/samples/science-exam-context.csv'

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
export const readManifest = (folder: string): Manifest => parseManifest(json(join(folder, 'model.json')))

/** The folder's path. */
export async function modelFolder(checkpoint: string, precision: Precision): Promise<string> {
  const out = join(checkpoint, `pagewise-${precision}`)
  if (existsSync(join(out, 'model.json'))) return out
  const { sources, close } = await openCheckpointFolder(checkpoint)
  const settings = { id: 'bench', title: 'bench', precision, maxTokens: null }
  const deps = { writer: createFolderWriter(out), sha256, clock: createClock(), stems: new Uint8Array(readFileSync(STEMS)) }
  try {
    const manifest = await compileCheckpoint(new AbortController().signal, checkpoint, sources, settings, deps, () => undefined)
    writeFileSync(join(out, 'model.json'), JSON.stringify(manifest))
  } finally {
    await close()
  }
  return out
}

/** `count` of the sample's questions with their contexts, spread over the file. */
export function timedQuestions(folder: string, count: number): TimedPairs[] {
  const table = readTable('sample.csv', new Uint8Array(readFileSync(SAMPLE)))
  const { questions } = readQuestions(table, guessMapping(table), NO_EDITS)
  const manifest = readManifest(folder)
  const encoder = createEncoder({ tokenizerJson: json(join(folder, 'tokenizer.json')), manifest, frequencies: json(STEMS) })
  return Array.from({ length: count }, (_, i) => {
    const { prompt, options, context } = questions[Math.floor((i * questions.length) / count)]!
    const { input } = encoder.encode({ prompt, options: options.map(({ text }) => text), context }, Infinity)
    if (input.layout !== 'pairs') throw new Error('internal: a compiled checkpoint has layout pairs')
    return input.pairs.map(({ ids, types }) => ({ ids: [...ids], types: types && [...types] }))
  })
}
