// How much memory processes take, as the system counts it (Linux: VmRSS, resident pages, and VmHWM, their high-water mark). NaN elsewhere.
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
  const peaks = descendants()
    .filter((pid) => read(pid, 'cmdline').includes('--type=renderer'))
    .map(peakBytes)
  return peaks.length > 0 ? Math.max(...peaks) : NaN
}

/** Bytes that the browser which this process has open takes now, all its processes together. What they share counts in each. */
export function browserBytes(): number {
  const sizes = descendants().map((pid) => fieldOf(pid, 'VmRSS') * 1024 || 0)
  return sizes.length > 0 ? sizes.reduce((sum, bytes) => sum + bytes) : NaN
}

/** Those that this process started, and those that they started. */
function descendants(): string[] {
  const parents = new Map(processes().map((pid) => [pid, String(fieldOf(pid, 'PPid'))]))
  const isOurs = (pid: string | undefined): boolean => pid !== undefined && (pid === String(process.pid) || isOurs(parents.get(pid)))
  return [...parents.keys()].filter((pid) => isOurs(parents.get(pid)))
}

function processes(): string[] {
  try {
    return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  } catch {
    return []
  }
}
