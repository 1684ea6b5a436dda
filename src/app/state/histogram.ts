// The shape of a confidence histogram: bars of 5% from the lowest share a first choice can have, a round tick, and room above the tallest.
export interface Bins {
  right: ArrayLike<number>
  wrong: ArrayLike<number>
  unkeyed: ArrayLike<number>
}
export interface Bar {
  from: number
  to: number
  right: number
  wrong: number
  unkeyed: number
}
export interface Histogram {
  /** Where the axis begins, a multiple of 0.1. */
  from: number
  bars: Bar[]
  /** Rows that the full height stands for. */
  top: number
  /** Rows at the one grid line. */
  tick: number
  /** The end of the axis where the bars are lower, for the grid line's label. */
  quietEnd: 'start' | 'end'
  /** Shares written on the axis. */
  labels: number[]
}

/** `options`: how many a question has; its first choice has at least 1/options. */
export function histogram(bins: Bins, options: number): Histogram {
  const count = bins.right.length
  const tenths = Math.floor(10 / Math.max(1, options) + 1e-9)
  const first = Math.min(firstFilled(bins), (tenths * count) / 10)
  const start = Math.floor((first * 10) / count)
  const bars: Bar[] = []
  for (let bin = Math.floor((start * count) / 10); bin < count; bin++) {
    bars.push({ from: bin / count, to: (bin + 1) / count, right: bins.right[bin]!, wrong: bins.wrong[bin]!, unkeyed: bins.unkeyed[bin]! })
  }
  const heights = bars.map((bar) => bar.right + bar.wrong + bar.unkeyed)
  const tallest = Math.max(...heights)
  const top = Math.max(6, tallest)
  const step = start >= 5 ? 1 : 2
  const labels: number[] = []
  for (let tenth = 10; tenth >= start; tenth -= step) labels.unshift(tenth / 10)
  return {
    from: start / 10,
    bars,
    top,
    tick: roundTick(top),
    quietEnd: Math.max(...heights.slice(0, 3)) <= Math.max(...heights.slice(-3)) ? 'start' : 'end',
    labels,
  }
}

function firstFilled({ right, wrong, unkeyed }: Bins): number {
  for (let bin = 0; bin < right.length; bin++) if (right[bin]! + wrong[bin]! + unkeyed[bin]! > 0) return bin
  return right.length
}
/** The largest of 1, 2, 5, 10, 20, 50 … that is at most two thirds of the top. */
function roundTick(top: number): number {
  const most = (top * 2) / 3
  const power = 10 ** Math.floor(Math.log10(most))
  return [5, 2, 1].map((digit) => digit * power).find((tick) => tick <= most) ?? 1
}
