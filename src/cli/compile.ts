// pagewise compile: a checkpoint becomes a model folder that `score --model` and the page read. It lies in a folder, at an address, or is an .onnx file.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { sha256 } from '../adapters/crypto/sha256'
import { openRemoteFolder } from '../adapters/http/remote'
import { createFolderWriter, openCheckpointFolder } from '../adapters/node/checkpoint'
import { createFolderChunkStore } from '../adapters/node/chunk-store'
import { openDirectorySource } from '../adapters/node/source'
import { openOrtNodeReference } from '../adapters/ort/node'
import { createNoStore } from '../adapters/memory/stores'
import type { ByteSource } from '../core/checkpoint'
import { AppError, type ErrorCode } from '../core/errors'
import type { Progress } from '../core/ports'
import { PRECISIONS, type PairsManifest, type Precision, type SelfTest } from '../core/types'
import { alone, openCachedFolder } from '../jobs/cached-folder'
import { compileCheckpoint } from '../jobs/compile-model'
import { makeSelfTest } from '../jobs/make-self-test'
import { createMeter } from '../jobs/progress'
import { openRemoteCheckpoint } from '../jobs/remote-checkpoint'
import { clock, EMBEDDED_MODEL } from './model'
import { wholeNumber } from './options'
import { createProgressLine } from './terminal'

interface CompileOptions {
  out: string
  precision?: Precision
  layout: 'pairs'
  maxTokens?: number
}

const ARGUMENT =
  'folder with config.json, tokenizer.json and the weights (safetensors, pytorch_model.bin, or an .onnx file, which runs as it is); ' +
  'an .onnx file; or the https:// address of such a folder or of a model on huggingface.co'

export function addCompile(program: Command, signal: AbortSignal): void {
  program
    .command('compile')
    .description('make a model folder of a multiple-choice checkpoint')
    .argument('<checkpoint>', ARGUMENT)
    .requiredOption('--out <dir>', 'model folder to write')
    .addOption(
      new Option('--precision <name>', 'how the weights are kept; q8 where left out, an .onnx file keeps its own').choices(PRECISIONS),
    )
    .addOption(new Option('--layout <name>', 'how questions are laid out').choices(['pairs']).default('pairs'))
    .option('--max-tokens <n>', 'tokens of a question with one option; the checkpoint says where left out', wholeNumber(16))
    .action((checkpoint: string, options: CompileOptions) => compile(signal, checkpoint, options))
}

async function compile(signal: AbortSignal, from: string, { out, precision, maxTokens }: CompileOptions): Promise<void> {
  const line = createProgressLine(process.stderr)
  const show = (doing: string, { done, total, rate, secondsLeft }: Progress): void => {
    const mega = (bytes: number): number => Math.round(bytes / 1e6)
    line.show(doing, { done: mega(done), total: mega(total), rate: rate / 1e6, secondsLeft })
  }
  let opened: Opened | null = null
  let failure: ErrorCode | 'internal' | null = null
  try {
    opened = await (/^https?:\/\//i.test(from) ? openAddress(signal, from, out, show) : openFolder(from))
    const manifest = await compileCheckpoint(
      signal,
      opened.place,
      opened.sources,
      { id: opened.name, title: opened.name, precision: precision ?? null, maxTokens: maxTokens ?? null },
      {
        writer: createFolderWriter(out),
        sha256,
        clock,
        stems: new Uint8Array(await readFile(join(EMBEDDED_MODEL, 'stems.json'))),
        selfTest: (s, draft) => answerSelfTest(s, out, draft, show),
      },
      (progress) => {
        show('Writing MB', progress)
      },
    )
    await writeFile(join(out, 'model.json'), `${JSON.stringify(manifest, null, 1)}\n`)
    line.end()
    const weights = manifest.files.filter(({ name }) => !name.endsWith('.json'))
    const megabytes = (weights.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(1)
    const kind = `${manifest.architecture}, ${weights[0]!.precision!}, ${megabytes} MB`
    console.log(`${out}: ${kind}, pairs of up to ${manifest.maxTokens.pair} tokens`)
    if (!manifest.selfTest) console.error('The model has no self-test: its graph could not be run here.')
  } catch (error) {
    failure = error instanceof AppError ? error.code : 'internal'
    throw error
  } finally {
    line.end()
    await opened?.close(failure)
  }
}

interface Opened {
  place: string
  name: string
  sources: readonly ByteSource[]
  /** `failure`: why nothing was made of it. */
  close(failure: ErrorCode | 'internal' | null): Promise<void>
}

async function openFolder(path: string): Promise<Opened> {
  const isGraph = path.endsWith('.onnx')
  const directory = resolve(isGraph ? dirname(path) : path)
  const { sources, close } = await openCheckpointFolder(directory)
  const name = basename(directory)
  if (!isGraph) return { place: name, name, sources, close }
  // The graph that was named, without the weights and graphs beside it.
  const graph = basename(path)
  const kept = sources.filter((file) => file.name === graph || !/\.(onnx|safetensors|bin|index\.json)$/.test(file.name))
  return { place: name, name, sources: kept, close }
}

/** What arrives lies beside the model while it is made; after an interruption the same command goes on from there. */
async function openAddress(
  signal: AbortSignal,
  address: string,
  out: string,
  show: (doing: string, progress: Progress) => void,
): Promise<Opened> {
  const folder = join(out, '.download')
  const deps = { open: openRemoteFolder, store: createFolderChunkStore(folder), sha256, exclusively: alone, clock }
  const { place, name, sources } = await openRemoteCheckpoint(signal, address, deps, (progress) => {
    show(`Fetching ${progress.file}, MB`, progress)
  })
  return {
    place,
    name,
    sources,
    async close(failure) {
      if (failure !== 'aborted') await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Made by the graph on onnxruntime's CPU. */
function answerSelfTest(
  signal: AbortSignal,
  out: string,
  manifest: PairsManifest,
  show: (doing: string, progress: Progress) => void,
): Promise<SelfTest | null> {
  const meter = createMeter(clock)
  const deps = { source: openDirectorySource(out), store: createNoStore(), sha256, exclusively: alone }
  return makeSelfTest(
    signal,
    openCachedFolder(manifest, deps),
    (s, request) => openOrtNodeReference(s, request),
    (done, total) => {
      show('Testing, MB', meter(done, total))
    },
  )
}
