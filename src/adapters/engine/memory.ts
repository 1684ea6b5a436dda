// The memory of a whole model, which a machine may not have. Apart from wasm.ts, so that workers need no table of errors.
import { AppError } from '../../core/errors'
import { createMemory } from './wasm'

/** Throws memory_short. */
export function reserveMemory(bytes: number, isShared: boolean): WebAssembly.Memory {
  try {
    return createMemory(bytes, isShared)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new AppError('memory_short', { gigabytes: (bytes / 2 ** 30).toFixed(1) })
  }
}
