// Options that several commands share, parsed and checked. A wrong value ends with exit code 2 before any work is done.
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { PipelineSettings } from '../core/pipeline'
import { PRECISIONS, type Arithmetic, type Device, type Precision } from '../core/types'
import { RUNTIMES, type Runtime } from './cpu'

export interface ModelOptions {
  model?: string
  precision?: Precision
  arithmetic: Arithmetic
  device: 'auto' | Device
  runtime: Runtime
  workers: number
  contextWords: number
  library: string
  passages: number
  alsoWithContext?: boolean
  embedder?: string
  vectors?: string
}

export function addModelOptions(command: Command): Command {
  return command
    .option('--model <dir>', 'model folder (model.json, tokenizer.json, weights); the embedded model where left out')
    .addOption(new Option('--precision <name>', 'which weights to use; q8, or what the model has, where left out').choices(PRECISIONS))
    .addOption(
      new Option('--arithmetic <name>', 'float, or int8: faster and less exact (on the CPU; with onnxruntime, of q8 and q4 weights)')
        .choices(['float', 'int8'])
        .default('float'),
    )
    .addOption(new Option('--device <name>', 'auto and cpu: the CPU; webgpu: the GPU').choices(['auto', 'cpu', 'webgpu']).default('auto'))
    .addOption(
      new Option(
        '--runtime <name>',
        "what computes on the CPU: onnxruntime, or Pagewise's own engine, which the page uses; auto: onnxruntime where it is installed",
      )
        .choices(RUNTIMES)
        .default('auto'),
    )
    .option('--workers <n>', 'threads; 0: as many as help', wholeNumber(0), 0)
    .option('--context-words <n>', 'words of a context that the model reads, chosen by sentence', wholeNumber(1), 95)
    .option('--library <name>', 'open book: openstax, a library folder, or off', 'openstax')
    .option('--passages <n>', 'passages looked up for a question', wholeNumber(1), 5)
    .option('--also-with-context', 'look passages up also for rows that have a context')
    .option('--embedder <dir>', 'also search the vectors that this embedder made of the library (pagewise embed)')
    .option('--vectors <dir>', "folder that holds vectors/; the library's own where left out")
}

export function pipelineSettings({ contextWords, passages, alsoWithContext }: ModelOptions): PipelineSettings {
  return { contextWords, passages, isAlsoWithContext: alsoWithContext === true }
}

/** A parser for whole numbers of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number from ${least} on.`)
    return value
  }
}
