// What people see while they wait: one line on standard error that is rewritten in place on a terminal, and left out elsewhere but for
// every tenth of the work.
import type { Progress } from '../core/ports'

export interface ProgressLine {
  show(what: string, progress: Progress): void
  end(): void
}

export function createProgressLine(stream: NodeJS.WriteStream): ProgressLine {
  let isOpen = false
  let shownAt = 0
  let tenth = -1
  return {
    show(what, { done, total, rate, secondsLeft }) {
      const left = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`
      const line = `${what} ${done} of ${total}${rate > 0 ? `, ${rate.toFixed(1)} a second` : ''}${left}`
      if (stream.isTTY) {
        if (Date.now() - shownAt < 100 && done < total) return
        shownAt = Date.now()
        stream.write(`\r\u001b[K${line}`)
        isOpen = true
      } else if (Math.floor((done / total) * 10) > tenth) {
        tenth = Math.floor((done / total) * 10)
        stream.write(`${line}\n`)
      }
    },
    end() {
      if (isOpen) stream.write('\r\u001b[K')
      isOpen = false
      tenth = -1
    },
  }
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  return `${Math.floor(seconds / 60)} min ${Math.ceil(seconds % 60)} s`
}
