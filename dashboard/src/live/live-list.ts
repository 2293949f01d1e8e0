import type { QueryClient, QueryFunctionContext } from '@tanstack/react-query'
import type { Listed } from '../api/client.ts'
import { untilAnswered } from './ask-again.ts'
import { upsert } from './upsert.ts'

interface Item {
  readonly id: string
}

/**
 * A list that is fetched page by page while the stream tells of changes. What is heard in the meantime is newer than the
 * page that had it, and is put into what was fetched; without that a state would stay until it changes again.
 */
export class LiveList<T extends Item> {
  readonly queryKey: readonly string[]
  readonly #fetch: (signal: AbortSignal) => Promise<Listed<T>>
  /** What was heard since each fetch that is under way began. */
  readonly #heard = new Set<T[]>()

  constructor(name: string, fetch: (signal: AbortSignal) => Promise<Listed<T>>) {
    this.queryKey = [name]
    this.#fetch = fetch
  }

  /** For `useQuery`. */
  get query() {
    return { queryKey: this.queryKey, queryFn: this.#read, refetchInterval: untilAnswered }
  }

  /** Before there is a list it changes nothing: one item is none. */
  hear(queries: QueryClient, item: T): void {
    for (const heard of this.#heard) heard.push(item)
    queries.setQueryData<Listed<T>>(this.queryKey, (list) => list && changed(list, item))
  }

  readonly #read = async ({ signal }: QueryFunctionContext): Promise<Listed<T>> => {
    const heard: T[] = []
    this.#heard.add(heard)
    try {
      const list = await this.#fetch(signal)
      return heard.reduce<Listed<T>>(changed, list)
    } finally {
      this.#heard.delete(heard)
    }
  }
}

function changed<T extends Item>(list: Listed<T>, item: T): Listed<T> {
  return { ...list, items: upsert(list.items, item) }
}
