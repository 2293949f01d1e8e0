/**
 * Who is due first? A binary heap that knows where each holder stands. Nearly every change moves a deadline to later:
 * hundreds of routers hear thousands of advertisements a second, and each moves one. That is only noted; a holder is
 * put where it belongs once its old deadline comes to the front, after a handful of moves that cost nothing.
 *
 * Those due in the same moment come in the order in which they were given a deadline, whatever moved in between: a
 * replay must serve them as the process did.
 */

/** Something with a place in the heap, which the heap keeps in it: -1 while it has none. */
export interface DeadlineHolder {
  dueAt: number
  heapIndex: number
}

export class Deadlines<T extends DeadlineHolder> {
  readonly #heap: T[] = []
  /** By place: the deadline that put its holder there, which is the holder's own, or an earlier one. */
  readonly #keys: number[] = []
  /** By place: which of those due in the same moment comes first. */
  readonly #turns: number[] = []
  #nextTurn = 0

  /** The holder due first, left in its place. */
  first(): T | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.dueAt === this.#keys[0]) return first
      this.#keys[0] = first.dueAt
      this.#sink(0)
    }
  }

  /** A moment before which nobody is due; null: nobody is at all. Costs less than to know who is first. */
  notBefore(): number | null {
    return this.#keys[0] ?? null
  }

  /** Sets, moves or (null) removes a holder's deadline. */
  set(holder: T, dueAt: number | null): void {
    if (dueAt === null) {
      this.#remove(holder)
      return
    }
    holder.dueAt = dueAt
    const index = holder.heapIndex
    if (index < 0) this.#add(holder, dueAt)
    else if (dueAt < (this.#keys[index] ?? 0)) {
      this.#keys[index] = dueAt
      this.#rise(index)
    }
  }

  #add(holder: T, dueAt: number): void {
    const index = this.#heap.push(holder) - 1
    this.#keys.push(dueAt)
    this.#turns.push(this.#nextTurn++)
    holder.heapIndex = index
    this.#rise(index)
  }

  #remove(holder: T): void {
    const index = holder.heapIndex
    if (index < 0) return
    const last = this.#heap.length - 1
    this.#swap(index, last)
    this.#heap.pop()
    this.#keys.pop()
    this.#turns.pop()
    holder.heapIndex = -1
    if (index === last) return
    this.#rise(index)
    this.#sink(index)
  }

  #rise(from: number): void {
    for (let index = from; index > 0; ) {
      const parent = (index - 1) >> 1
      if (this.#isBefore(parent, index)) return
      this.#swap(index, parent)
      index = parent
    }
  }

  #sink(from: number): void {
    for (let index = from; ; ) {
      const left = 2 * index + 1
      if (left >= this.#heap.length) return
      const right = left + 1
      const least = right < this.#heap.length && this.#isBefore(right, left) ? right : left
      if (this.#isBefore(index, least)) return
      this.#swap(index, least)
      index = least
    }
  }

  #isBefore(left: number, right: number): boolean {
    const [leftKey = 0, rightKey = 0] = [this.#keys[left], this.#keys[right]]
    if (leftKey !== rightKey) return leftKey < rightKey
    return (this.#turns[left] ?? 0) < (this.#turns[right] ?? 0)
  }

  #swap(left: number, right: number): void {
    const [one, other] = [this.#heap[left], this.#heap[right]]
    if (one === undefined || other === undefined) return
    this.#heap[left] = other
    this.#heap[right] = one
    other.heapIndex = left
    one.heapIndex = right
    exchange(this.#keys, left, right)
    exchange(this.#turns, left, right)
  }
}

function exchange(list: number[], left: number, right: number): void {
  const kept = list[left] ?? 0
  list[left] = list[right] ?? 0
  list[right] = kept
}
