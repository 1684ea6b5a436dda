// Answers questions with the engine in one pass, on this thread, in a memory of its own.
import { readFileSync } from 'node:fs'
import { readArchitecture } from '../../src/adapters/engine/architectures'
import { loadWeights } from '../../src/adapters/engine/load'
import { benchBytes } from '../../src/adapters/engine/pack'
import { wordStorage } from '../../src/adapters/engine/plan'
import { answerQuestions, areaBytes, toEngineInput } from '../../src/adapters/engine/questions'
import { sizesOf } from '../../src/adapters/engine/sizes'
import { openTensors } from '../../src/adapters/engine/tensors'
import { createMemory, measure, openInstance } from '../../src/adapters/engine/wasm'
import type { Arithmetic, Manifest, ModelInput } from '../../src/core/types'

const wasm = readFileSync(new URL('../../src/adapters/engine/build/engine-plain-own.wasm', import.meta.url))
const module = new WebAssembly.Module(Uint8Array.from(wasm))
const never = new AbortController().signal

async function* chunksOf(file: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += chunkBytes) yield await Promise.resolve(file.subarray(at, at + chunkBytes))
}

/** Logits of the questions; `file`: the weights. */
export async function answerInOnePass(
  manifest: Manifest,
  file: Uint8Array,
  inputs: readonly ModelInput[],
  { arithmetic = 'float', chunkBytes = 1000 }: { arithmetic?: Arithmetic; chunkBytes?: number } = {},
): Promise<number[][]> {
  const tensors = await openTensors(never, { name: 'tiny.safetensors', bytes: file.length, stream: () => chunksOf(file, chunkBytes) })
  const architecture = readArchitecture(manifest)
  const sizes = sizesOf(manifest, architecture, arithmetic, wordStorage(tensors.header, architecture))
  const { weightsEnd, scratchBytes } = await measure(module, sizes, false)
  const area = Math.ceil(weightsEnd / 64) * 64
  const bytes = area + Math.max(benchBytes(sizes), areaBytes(sizes.rows, scratchBytes))
  const instance = await openInstance(module, createMemory(bytes, false), sizes)
  await loadWeights(never, instance, architecture, tensors)
  return answerQuestions(instance, area, inputs.map(toEngineInput)).map((logits) => [...logits])
}

/** NaN where a logit is missing. */
export function largestDifference(a: number[][], b: number[][]): number {
  return Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - (b[i]?.[j] ?? NaN)))))
}
