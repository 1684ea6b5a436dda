// onnxruntime and WebGPU report everything as an Error with a text; this tells what matters apart.
import { AppError } from '../../core/errors'

const MEMORY =
  /out of memory|not enough memory|bad_alloc|failed to allocate|allocation failed|exceeds? the (max|limit)|maxBufferSize|maxStorageBufferBindingSize|buffer size/i
/** A message of onnxruntime can hold a call stack. */
const MOST_CHARACTERS = 200

/** device_memory or device_unavailable; an AppError as it is. A bug of ours is thrown on. */
export function toRefusal(error: unknown, device: string): AppError {
  if (error instanceof AppError) return error
  const message = error instanceof Error ? error.message : String(error)
  if (message.startsWith('internal:')) throw error
  if (error instanceof RangeError || MEMORY.test(message)) return new AppError('device_memory')
  return new AppError('device_unavailable', { device, reason: message.slice(0, MOST_CHARACTERS) })
}
