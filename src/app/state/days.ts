// Runs under the day they began on, newest first. Days are local days, so "today" is what the visitor's clock says.

export interface Day<Item> {
  kind: 'today' | 'yesterday' | 'date'
  /** Local midnight, milliseconds. */
  start: number
  items: Item[]
}

/** Groups by local day of `createdAt` (milliseconds), newest day and newest item first; ties keep their order. */
export function groupByDay<Item extends { createdAt: number }>(items: readonly Item[], now: number): Day<Item>[] {
  const days = new Map<number, Item[]>()
  for (const item of [...items].sort((a, b) => b.createdAt - a.createdAt)) {
    const start = midnight(item.createdAt)
    days.set(start, [...(days.get(start) ?? []), item])
  }
  const today = midnight(now)
  const yesterday = midnight(today - 1)
  return [...days].map(([start, list]) => ({
    kind: start === today ? 'today' : start === yesterday ? 'yesterday' : 'date',
    start,
    items: list,
  }))
}

function midnight(milliseconds: number): number {
  return new Date(milliseconds).setHours(0, 0, 0, 0)
}
