import { type TickOptions, type TickReport, tick } from './tick.ts'

export interface TickerOptions extends TickOptions {
  readonly log: { warn(facts: object, message: string): void }
}

/** Ticks of a replica that has a clock. */
export interface Ticker {
  /** What failed is said once for each new reason; this is how things stand. */
  last(): TickReport | null
  /** Waits for the runs under way. */
  stop(): Promise<void>
}

const TICK_MS = 1_000

export function startTicker(options: TickerOptions): Ticker {
  const busy = new Set<string>()
  const running = new Set<Promise<void>>()
  const said = new Map<string, string>()
  let last: TickReport | null = null
  const say = (name: string, problem: string): void => {
    if (said.get(name) !== problem) options.log.warn({ duty: name, problem }, 'a duty failed')
    said.set(name, problem)
  }
  const once = async (): Promise<void> => {
    // A long run of one must not keep the next tick from the others.
    const free = options.duties.filter(({ name }) => !busy.has(name))
    const guarded = free.map((duty) => ({
      ...duty,
      run: async (context: Parameters<typeof duty.run>[0]) => {
        busy.add(duty.name)
        await duty.run(context).finally(() => busy.delete(duty.name))
      },
    }))
    try {
      last = await tick({ ...options, duties: guarded })
      for (const { name } of last.ran) said.delete(name)
      for (const { name, problem } of last.failed) say(name, problem)
    } catch {
      // The database is away, which who writes to it says; what is due stays due.
    }
  }
  const timer = setInterval(() => {
    const ticking = once()
    running.add(ticking)
    void ticking.finally(() => running.delete(ticking))
  }, TICK_MS)
  return {
    last: () => last,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(running)
    },
  }
}
