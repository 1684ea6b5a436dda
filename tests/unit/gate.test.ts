import { describe, expect, it } from 'vitest'
import { Gate } from '../../src/jobs/gate'

const never = new AbortController().signal

describe('a gate', () => {
  it('lets work through while it is open', async () => {
    await expect(new Gate().pass(never)).resolves.toBeUndefined()
  })
  it('holds work until it is opened', async () => {
    const gate = new Gate()
    gate.isClosed = true
    const events: string[] = []
    const work = gate.pass(never).then(() => events.push('went on'))
    await Promise.resolve()
    events.push('opened')
    gate.isClosed = false
    await work
    expect(events).toEqual(['opened', 'went on'])
  })
  it('lets an abort through', async () => {
    const gate = new Gate()
    gate.isClosed = true
    const controller = new AbortController()
    const work = gate.pass(controller.signal)
    controller.abort()
    await expect(work).resolves.toBeUndefined()
    expect(gate.isClosed).toBe(true)
  })
})
