// Indexing stops where it is told to, goes on when it may, and an abort gets through a pause.
import { describe, expect, it, vi } from 'vitest'
import { deflateRaw } from '../../src/adapters/compression/deflate'
import type { Clock } from '../../src/core/ports'
import type { CorpusFile } from '../../src/core/retrieve'
import { indexCorpus } from '../../src/jobs/build-library'
import { Gate } from '../../src/jobs/gate'

/** Every look at the clock is 100 ms later, so that work breathes after each document. */
function hurriedClock(): Clock {
  let now = 0
  return { now: () => (now += 100), breathe: () => Promise.resolve() }
}
const text = 'title,text\n' + Array.from({ length: 20 }, (_, i) => `T${i},Sentence number ${i} about bees.`).join('\n') + '\n'
const bytes = new TextEncoder().encode(text)
const file: CorpusFile = { name: 'notes.csv', bytes: bytes.length, slice: (start, end) => Promise.resolve(bytes.slice(start, end)) }

function start(gate: Gate, signal: AbortSignal, seen: number[]) {
  const deps = {
    clock: hurriedClock(),
    deflate: deflateRaw,
    openParquet: () => Promise.reject(new Error('not used')),
    mayGoOn: (held: AbortSignal) => gate.pass(held),
  }
  return indexCorpus(signal, [file], { text: 'text', title: 'title' }, 'notes', deps, ({ done }) => {
    seen.push(done)
    if (seen.length === 3) gate.isClosed = true
  })
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('indexing', () => {
  it('waits while it is paused, and ends with everything in it', async () => {
    const gate = new Gate()
    const seen: number[] = []
    const work = start(gate, new AbortController().signal, seen)
    await vi.waitUntil(() => seen.length === 3, { timeout: 20_000 })
    await settle() // nothing more comes
    const during = seen.length
    gate.isClosed = false
    const { passageCount } = await work
    expect([during, passageCount, seen.length > during]).toEqual([3, 20, true])
  })
  it('can be stopped while it is paused', async () => {
    const controller = new AbortController()
    const work = start(new Gate(), controller.signal, [])
    await settle()
    controller.abort()
    await expect(work).rejects.toMatchObject({ code: 'aborted' })
  })
})
