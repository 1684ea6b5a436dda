// A binary heap of numbers, the smallest first.
export interface Heap {
  push(value: number): void
  /** undefined when it is empty. */
  pop(): number | undefined
}

export function createHeap(): Heap {
  const values: number[] = []
  return {
    push(value) {
      let at = values.length
      while (at > 0) {
        const parent = (at - 1) >> 1
        if (values[parent]! <= value) break
        values[at] = values[parent]!
        at = parent
      }
      values[at] = value
    },
    pop() {
      const smallest = values[0]
      const last = values.pop()
      if (last === undefined || values.length === 0) return smallest
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child >= values.length) break
        if (child + 1 < values.length && values[child + 1]! < values[child]!) child++
        if (values[child]! >= last) break
        values[at] = values[child]!
        at = child
      }
      values[at] = last
      return smallest
    },
  }
}
