// Which rows of a long table are on screen. Rows have one height, so this is arithmetic; 100,000 rows cost as much as ten.
export interface Viewport {
  scrollTop: number
  height: number
  rowHeight: number
}

/** Positions [from, to) that are visible, with `overscan` more on each side. */
export function visibleRange({ scrollTop, height, rowHeight }: Viewport, count: number, overscan = 4): [number, number] {
  const from = Math.floor(scrollTop / rowHeight) - overscan
  const to = Math.ceil((scrollTop + height) / rowHeight) + overscan
  return [Math.min(count, Math.max(0, from)), Math.min(count, Math.max(0, to))]
}

/** The smallest scroll that shows the whole of a position. */
export function scrollToShow({ scrollTop, height, rowHeight }: Viewport, position: number): number {
  const top = position * rowHeight
  if (top < scrollTop) return top
  return Math.max(scrollTop, top + rowHeight - height)
}

/** Where a key moves the cursor; null for keys that do not move it. A page is what fits, less one row. */
export function movedCursor(key: string, cursor: number, count: number, { height, rowHeight }: Viewport): number | null {
  const page = Math.max(1, Math.floor(height / rowHeight) - 1)
  const steps: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -count, End: count }
  const step = steps[key]
  return step === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, cursor + step))
}
