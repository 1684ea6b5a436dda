// The activations of what runs once for a sequence, over finished rows. The feed-forward part has its own in the product (gemm-float).
import { gelu4, tanh4 } from './vector'

export const GELU_ROWS: i32 = 0
export const TANH_ROWS: i32 = 1

/** n numbers at x, a multiple of 4, in place. */
export function activate(x: usize, n: i32, kind: i32): void {
  const end = x + <usize>n * 4
  if (kind == TANH_ROWS) for (; x < end; x += 16) v128.store(x, tanh4(v128.load(x)))
  else for (; x < end; x += 16) v128.store(x, gelu4(v128.load(x)))
}
