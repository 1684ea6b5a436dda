// How much memory a process took at most, as the system counts it (Linux: VmHWM, the high-water mark of resident pages). NaN elsewhere.
import { readdirSync, readFileSync } from 'node:fs'

const read = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return '' // it has ended
  }
}
const fieldOf = (pid: string, field: string): number => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(read(pid, 'status'))?.[1] ?? NaN)

/** Bytes. */
export const peakBytes = (pid: string | number = 'self'): number => fieldOf(String(pid), 'VmHWM') * 1024

/** Bytes of the largest of the browser's pages that this process has open. */
export function largestRenderer(): number {
  const parents = new Map(processes().map((pid) => [pid, String(fieldOf(pid, 'PPid'))]))
  const isOurs = (pid: string | undefined): boolean => pid !== undefined && (pid === String(process.pid) || isOurs(parents.get(pid)))
  const peaks = [...parents.keys()].filter((pid) => read(pid, 'cmdline').includes('--type=renderer') && isOurs(pid)).map(peakBytes)
  return peaks.length > 0 ? Math.max(...peaks) : NaN
}

function processes(): string[] {
  try {
    return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  } catch {
    return []
  }
}
