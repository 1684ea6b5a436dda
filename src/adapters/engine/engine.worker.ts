// One instance of the engine in a worker: answers what it is sent, in order. Runs as a module worker in the page and, with a few lines
// before it that give it the page's names (node.ts), in Node.
import type { FromWorker, OpenMessage, ToWorker } from './messages'
import { answerQuestions } from './questions'
import { createMemory, openInstance, type Instance } from './wasm'

interface Scope {
  onmessage: ((event: { data: ToWorker }) => void) | null
  postMessage(message: FromWorker, transfer?: ArrayBuffer[]): void
}
const scope = globalThis as unknown as Scope
let instance: Promise<{ instance: Instance; area: number }> | null = null

async function open({ module, sizes, weights, area, areaBytes, choice }: OpenMessage): Promise<{ instance: Instance; area: number }> {
  const memory = 'memory' in weights ? weights.memory : createMemory(area + areaBytes, false)
  if ('copy' in weights) new Uint8Array(memory.buffer).set(new Uint8Array(weights.copy))
  const opened = await openInstance(module, memory, sizes)
  opened.exports.setFused(choice.isFused ? 1 : 0)
  opened.exports.setTall(choice.isTall ? 1 : 0)
  return { instance: opened, area }
}

async function handle(message: ToWorker): Promise<void> {
  if (message.kind === 'open') {
    instance = open(message)
    await instance
    scope.postMessage({ kind: 'ready' })
    return
  }
  if (!instance) throw new Error('internal: a question before the engine was opened')
  const opened = await instance
  const logits = answerQuestions(opened.instance, opened.area, message.questions)
  scope.postMessage({ kind: 'answered', id: message.id, logits })
}

scope.onmessage = ({ data }) => {
  handle(data).catch((error: unknown) => {
    scope.postMessage({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })
  })
}
