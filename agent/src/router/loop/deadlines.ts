/**
 * Who is due first? A binary heap that knows where each holder stands, so that moving a deadline costs O(log n):
 * every advertisement heard moves one, and a thousand routers hear thousands a second.
 */

/** Something with a place in the heap, which the heap keeps in it: -1 while it has none. */
export interface DeadlineHolder {
  dueAt: number
  heapIndex: number
}

export class Deadlines<T extends DeadlineHolder> {
  readonly #heap: T[] = []

  /** The holder due first, left in its place. */
  first(): T | undefined {
    return this.#heap[0]
  }

  /** Sets, moves or (null) removes a holder's deadline. */
  set(holder: T, dueAt: number | null): void {
    if (dueAt === null) {
      this.#remove(holder)
      return
    }
    holder.dueAt = dueAt
    if (holder.heapIndex < 0) this.#place(holder, this.#heap.length)
    this.#rise(holder)
    this.#sink(holder)
  }

  #remove(holder: T): void {
    const index = holder.heapIndex
    if (index < 0) return
    holder.heapIndex = -1
    const last = this.#heap.pop()
    if (last === undefined || last === holder) return
    this.#place(last, index)
    this.#rise(last)
    this.#sink(last)
  }

  #rise(holder: T): void {
    while (holder.heapIndex > 0) {
      const index = holder.heapIndex
      const parentIndex = (index - 1) >> 1
      const parent = this.#heap[parentIndex]
      if (parent === undefined || parent.dueAt <= holder.dueAt) return
      this.#place(parent, index)
      this.#place(holder, parentIndex)
    }
  }

  #sink(holder: T): void {
    for (;;) {
      const index = holder.heapIndex
      const left = this.#heap[2 * index + 1]
      const right = this.#heap[2 * index + 2]
      const least = right !== undefined && left !== undefined && right.dueAt < left.dueAt ? right : left
      if (least === undefined || holder.dueAt <= least.dueAt) return
      this.#place(holder, least.heapIndex)
      this.#place(least, index)
    }
  }

  #place(holder: T, index: number): void {
    this.#heap[index] = holder
    holder.heapIndex = index
  }
}
