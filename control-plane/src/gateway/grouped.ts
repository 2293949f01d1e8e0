import type { Database, Transaction } from '../database/client.ts'
import { type TransactOptions, transact } from '../database/transact.ts'
import { gatherFeed } from '../feed/append.ts'
import { Unavailable } from '../problems.ts'

/**
 * Small transactions of many agents that are committed together: a fleet that comes back at once would otherwise stand
 * in line for the feed's lock, one flush of the disk each.
 */
export type Grouped = <T>(agentId: string, work: (tx: Transaction) => Promise<T>) => Promise<T>

interface Job {
  readonly agentId: string
  /** Keeps what the work gave; `settle` hands it out once the commit is done. */
  run(tx: Transaction): Promise<void>
  settle(): void
  fail(error: unknown): void
}

const GROUP_MAX = 100

export function grouped(db: Database, wallMs: () => number, options: TransactOptions = {}): Grouped {
  const queue: Job[] = []
  let running = false
  const run = async (): Promise<void> => {
    running = true
    while (queue.length > 0) await commit(nextGroup(queue))
    running = false
  }
  const commit = async (group: readonly Job[]): Promise<void> => {
    try {
      await transact(db, (tx) => gatherFeed(tx, wallMs(), () => together(tx, group)), options)
      for (const job of group) job.settle()
    } catch (error) {
      const [only] = group
      // One that cannot be done must not be the ruin of the others.
      if (group.length > 1 && !(error instanceof Unavailable)) for (const job of group) await commit([job])
      else if (group.length > 1) for (const job of group) job.fail(error)
      else only?.fail(error)
    }
  }
  return (agentId, work) =>
    new Promise((resolve, reject) => {
      let given: { readonly value: Awaited<ReturnType<typeof work>> } | null = null
      queue.push({
        agentId,
        run: async (tx) => {
          given = { value: await work(tx) }
        },
        settle: () => (given === null ? reject(new Error('the work was not done')) : resolve(given.value)),
        fail: reject,
      })
      if (!running) void run()
    })
}

/** The queries of all travel at once over the one connection; one agent's two attempts keep their order. */
async function together(tx: Transaction, group: readonly Job[]): Promise<void> {
  const done = await Promise.allSettled(group.map((job) => job.run(tx)))
  for (const result of done) if (result.status === 'rejected') throw result.reason
}

/** The first of each agent, by id: two transactions that want the same agents lock them in the same order. */
function nextGroup(queue: Job[]): readonly Job[] {
  const group = new Map<string, Job>()
  const rest: Job[] = []
  for (const job of queue.splice(0)) {
    if (group.size < GROUP_MAX && !group.has(job.agentId)) group.set(job.agentId, job)
    else rest.push(job)
  }
  queue.push(...rest)
  return [...group.values()].sort((a, b) => (a.agentId < b.agentId ? -1 : 1))
}
