// pagewise compile: a Hugging Face checkpoint becomes a model folder that `score --model` and the page read.
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { sha256 } from '../adapters/crypto/sha256'
import { createFolderWriter, openCheckpointFolder } from '../adapters/node/checkpoint'
import { openDirectorySource } from '../adapters/node/source'
import { openOrtNode } from '../adapters/ort/node'
import { createNoStore } from '../adapters/memory/stores'
import { SELF_TEST_QUESTION } from '../core/checkpoint/self-test-question'
import { createEncoder } from '../core/encode'
import { AppError } from '../core/errors'
import type { PairsManifest, Precision, SelfTest } from '../core/types'
import { openCachedFolder, readJson } from '../jobs/cached-folder'
import { compileCheckpoint } from '../jobs/compile-model'
import { clock, EMBEDDED_MODEL } from './model'
import { wholeNumber } from './options'
import { createProgressLine } from './terminal'

interface CompileOptions {
  out: string
  precision: Precision
  layout: 'pairs'
  maxTokens?: number
}

export function addCompile(program: Command, signal: AbortSignal): void {
  program
    .command('compile')
    .description('make a model folder of a Hugging Face multiple-choice checkpoint')
    .argument('<checkpoint>', 'folder with config.json, tokenizer.json and the weights (safetensors or pytorch_model.bin)')
    .requiredOption('--out <dir>', 'model folder to write')
    .addOption(new Option('--precision <name>', 'how the weights are kept').choices(['q8', 'q4', 'fp16', 'fp32']).default('q8'))
    .addOption(new Option('--layout <name>', 'how questions are laid out').choices(['pairs']).default('pairs'))
    .option('--max-tokens <n>', 'tokens of a question with one option; the checkpoint says where left out', wholeNumber(16))
    .action((checkpoint: string, options: CompileOptions) => compile(signal, checkpoint, options))
}

async function compile(signal: AbortSignal, directory: string, { out, precision, maxTokens }: CompileOptions): Promise<void> {
  const name = basename(resolve(directory))
  const folder = await openCheckpointFolder(directory)
  const line = createProgressLine(process.stderr)
  try {
    const manifest = await compileCheckpoint(
      signal,
      name,
      folder.sources,
      { id: name, title: name, precision, maxTokens: maxTokens ?? null },
      {
        writer: createFolderWriter(out),
        sha256,
        clock,
        stems: new Uint8Array(await readFile(join(EMBEDDED_MODEL, 'stems.json'))),
        selfTest: (s, draft) => answerSelfTest(s, out, draft, precision),
      },
      ({ done, total, rate, secondsLeft }) => {
        const mega = (bytes: number): number => Math.round(bytes / 1e6)
        line.show('Writing MB', { done: mega(done), total: mega(total), rate: rate / 1e6, secondsLeft })
      },
    )
    await writeFile(join(out, 'model.json'), `${JSON.stringify(manifest, null, 1)}\n`)
    line.end()
    const megabytes = (manifest.files[0]!.bytes / 1e6).toFixed(1)
    console.log(`${out}: ${manifest.architecture}, ${precision}, ${megabytes} MB, pairs of up to ${manifest.maxTokens.pair} tokens`)
    if (!manifest.selfTest) console.error('The model has no self-test: its graph could not be run here.')
  } finally {
    line.end()
    await folder.close()
  }
}

/** Logits by the graph on onnxruntime's CPU, with which every other device is then compared; null where the graph cannot be written. */
async function answerSelfTest(signal: AbortSignal, out: string, manifest: PairsManifest, precision: Precision): Promise<SelfTest | null> {
  const deps = {
    source: openDirectorySource(out),
    store: createNoStore(),
    sha256,
    exclusively: <T>(_s: AbortSignal, _n: string, work: () => Promise<T>) => work(),
  }
  const folder = openCachedFolder(manifest, deps)
  const tokenizerJson = await readJson(signal, folder.file('tokenizer.json'))
  const encoder = createEncoder({ tokenizerJson, manifest, frequencies: await readJson(signal, folder.file('stems.json')) })
  try {
    const scorer = await openOrtNode(signal, { manifest, weights: folder.file(manifest.files[0]!.name), precision, device: 'cpu' })
    try {
      let logits: number[] = []
      await scorer.score(signal, [encoder.encode(SELF_TEST_QUESTION, Infinity).input], (_, answer) => (logits = Array.from(answer)))
      return { question: SELF_TEST_QUESTION, logits, tolerance: {} }
    } finally {
      await scorer.close()
    }
  } catch (error) {
    if (error instanceof AppError && error.code === 'model_unsupported') return null
    throw error
  }
}
