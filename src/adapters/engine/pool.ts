// Workers that answer questions. Each takes the next portion as soon as it has finished one; with several callers at once, their portions
// take turns, so that a typed question need not wait for a file. A worker that stops is replaced and its portions are asked again.
// What a portion's logits are does not depend on who answers it, or when.
import { AppError } from '../../core/errors'
import type { FromWorker, OpenMessage, Port } from './messages'
import type { EngineInput } from './questions'

export type Portion = readonly EngineInput[]

interface Job {
  portions: readonly Portion[]
  /** Indices of portions that are still to be asked. */
  queue: number[]
  left: number
  attempts: Map<number, number>
  onAnswer(portion: number, logits: Float32Array[]): void
  resolve(): void
  reject(error: unknown): void
}
interface Asked {
  job: Job
  portion: number
}
interface Slot {
  port: Port
  /** By message id, in the order in which they were sent. */
  asked: Map<number, Asked>
  isReady: boolean
  deadline: ReturnType<typeof setTimeout> | null
}

export interface PoolOptions {
  workers: number
  spawn(): Port
  /** The message that opens worker `index`, and what of it is transferred. */
  open(index: number): { message: OpenMessage; transfer: ArrayBuffer[] }
  /** A worker that is silent for so long over a portion is taken for dead. */
  patienceMs?: number
}

/** Portions that a worker holds: one that it works on, and one so that it never waits for a busy host. */
const DEPTH = 2
/** A portion that kills so many workers is given up. */
const MOST_ATTEMPTS = 3
/** When so many in a row, for each worker, stop before they are ready, no more are started. */
const MOST_FAILURES = 3

export class Pool {
  private readonly slots: (Slot | null)[] = []
  private jobs: Job[] = []
  private nextId = 0
  private failures = 0
  /** Why there are no workers any more. */
  private end: AppError | null = null
  private readonly waiting: { resolve: () => void; reject: (error: unknown) => void }[] = []

  constructor(private readonly options: PoolOptions) {
    for (let index = 0; index < options.workers; index++) this.start(index)
  }

  /** Resolves when every worker is open; rejects with worker_lost. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.end) reject(this.end)
      else if (this.isOpen()) resolve()
      else this.waiting.push({ resolve, reject })
    })
  }

  /** Calls `onAnswer` once for each portion, in any order. Rejects with aborted, worker_lost, and with what `onAnswer` throws. */
  answer(signal: AbortSignal, portions: readonly Portion[], onAnswer: Job['onAnswer']): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new AppError('aborted'))
        return
      }
      if (this.end) {
        reject(this.end)
        return
      }
      const onAbort = () => {
        this.drop(job)
        reject(new AppError('aborted'))
      }
      const finish = (settle: () => void) => {
        signal.removeEventListener('abort', onAbort)
        this.drop(job)
        settle()
      }
      const job: Job = {
        portions,
        queue: [...portions.keys()],
        left: portions.length,
        attempts: new Map(),
        onAnswer,
        resolve: () => {
          finish(resolve)
        },
        reject: (error) => {
          finish(() => {
            reject(error instanceof Error ? error : new Error(String(error)))
          })
        },
      }
      if (portions.length === 0) {
        resolve()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.jobs.unshift(job) // whoever comes anew has the next turn
      this.fill()
    })
  }

  close(): void {
    this.stop(new AppError('worker_lost', { reason: 'the engine was closed' }))
  }

  private isOpen(): boolean {
    return this.slots.length === this.options.workers && this.slots.every((slot) => slot?.isReady)
  }

  private start(index: number): void {
    const port = this.options.spawn()
    const slot: Slot = { port, asked: new Map(), isReady: false, deadline: null }
    this.slots[index] = slot
    port.onMessage((message) => {
      if (this.slots[index] === slot) this.receive(index, slot, message)
    })
    port.onStop((reason) => {
      if (this.slots[index] === slot) this.replace(index, slot, reason)
    })
    const { message, transfer } = this.options.open(index)
    port.post(message, transfer)
    this.watch(index, slot)
  }

  private receive(index: number, slot: Slot, message: FromWorker): void {
    if (message.kind === 'failed') {
      this.replace(index, slot, message.reason)
      return
    }
    if (message.kind === 'ready') {
      this.failures = 0
      slot.isReady = true
      if (this.isOpen()) for (const { resolve } of this.waiting.splice(0)) resolve()
    } else {
      const asked = slot.asked.get(message.id)
      slot.asked.delete(message.id)
      if (asked) this.deliver(asked, message.logits)
    }
    this.fill()
    this.watch(index, slot)
  }

  private deliver({ job, portion }: Asked, logits: Float32Array[]): void {
    if (!this.jobs.includes(job)) return
    try {
      job.onAnswer(portion, logits)
    } catch (error) {
      job.reject(error)
      return
    }
    job.left--
    if (job.left === 0) job.resolve()
  }

  /** Gives every ready worker as many portions as it may hold, the least busy first. */
  private fill(): void {
    for (let depth = 1; depth <= DEPTH; depth++) {
      for (const [index, slot] of this.slots.entries()) {
        if (!slot?.isReady || slot.asked.size >= depth) continue
        const job = this.jobs.find(({ queue }) => queue.length > 0)
        if (!job) return
        const portion = job.queue.shift() ?? 0
        this.jobs = [...this.jobs.filter((other) => other !== job), job]
        const id = this.nextId++
        slot.asked.set(id, { job, portion })
        slot.port.post({ kind: 'answer', id, questions: job.portions[portion] ?? [] })
        if (slot.asked.size === 1) this.watch(index, slot)
      }
    }
  }

  /** Starts the clock of a worker that owes something. */
  private watch(index: number, slot: Slot): void {
    if (slot.deadline !== null) clearTimeout(slot.deadline)
    slot.deadline = null
    if (slot.isReady && slot.asked.size === 0) return
    const patienceMs = this.options.patienceMs ?? 60_000
    slot.deadline = setTimeout(() => {
      this.replace(index, slot, `no answer for ${String(patienceMs / 1000)} s`)
    }, patienceMs)
  }

  private replace(index: number, slot: Slot, reason: string): void {
    this.release(slot)
    this.slots[index] = null
    const lost = new AppError('worker_lost', { reason })
    this.failures++
    if (this.failures >= MOST_FAILURES * this.options.workers) {
      this.stop(lost)
      return
    }
    for (const { job, portion } of [...slot.asked.values()].reverse()) {
      const attempts = (job.attempts.get(portion) ?? 0) + 1
      job.attempts.set(portion, attempts)
      if (attempts >= MOST_ATTEMPTS) job.reject(lost)
      else job.queue.unshift(portion)
    }
    this.start(index)
    this.fill()
  }

  private stop(error: AppError): void {
    this.end ??= error
    for (const [index, slot] of this.slots.entries()) {
      if (slot) this.release(slot)
      this.slots[index] = null
    }
    for (const job of [...this.jobs]) job.reject(error)
    for (const { reject } of this.waiting.splice(0)) reject(error)
  }

  private release(slot: Slot): void {
    if (slot.deadline !== null) clearTimeout(slot.deadline)
    slot.port.terminate()
  }
  private drop(job: Job): void {
    this.jobs = this.jobs.filter((other) => other !== job)
  }
}
