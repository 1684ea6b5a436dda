// The real clock of browsers, workers and Node. `breathe` waits for the next macrotask without the 4 ms that nested timeouts cost.
import type { Clock } from '../../core/ports'

export function createClock(): Clock {
  const channel = new MessageChannel()
  const waiting: (() => void)[] = []
  // In Node an open port keeps the process alive, so it counts only while somebody waits.
  const port = channel.port1 as MessagePort & { ref?: () => void; unref?: () => void }
  port.onmessage = () => {
    waiting.shift()?.()
    if (waiting.length === 0) port.unref?.()
  }
  port.unref?.()
  return {
    now: () => performance.now(),
    breathe: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        port.ref?.()
        channel.port2.postMessage(null)
      }),
  }
}
