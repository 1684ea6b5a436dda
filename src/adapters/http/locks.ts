// Web Locks: two tabs do not do the same download. Where there are none (Node, old browsers), work simply runs.
import { AppError } from '../../core/errors'
import type { Exclusively } from '../../core/ports'

export const exclusively: Exclusively = async (signal, name, work) => {
  const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks
  if (!locks) return work()
  try {
    return (await locks.request(`pagewise:${name}`, { signal }, work)) as Awaited<ReturnType<typeof work>>
  } catch (error) {
    if (signal.aborted) throw new AppError('aborted')
    throw error
  }
}
