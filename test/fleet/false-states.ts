/** Looks at what the API says of every agent, again and again, and compares it with what the simulation knows. */
import { pause } from '../lab/wait.ts'
import type { SimulatedAgent } from './simulated-agent.ts'

interface Page {
  readonly items: readonly { readonly site: string; readonly node: string; readonly state: string }[]
  readonly nextCursor: string | null
}

const LOOK_EVERY_MS = 500
/** A page may show what was so when it was read; the simulation's clock has gone on since. */
const SLACK_MS = 2_000

export class FalseStates {
  readonly falselyDown: string[] = []
  looks = 0
  rightlyDown = 0
  readonly #agents: ReadonlyMap<string, SimulatedAgent>
  readonly #url: string
  readonly #token: string
  /** When each agent last had a session, by `performance.now()`. */
  readonly #lastLive = new Map<string, number>()
  #running: Promise<void>
  #stopping = false

  constructor(options: {
    readonly url: string
    readonly token: string
    readonly agents: readonly SimulatedAgent[]
  }) {
    this.#url = options.url
    this.#token = options.token
    this.#agents = new Map(options.agents.map((agent) => [agent.name, agent]))
    this.#running = this.#watch()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async #watch(): Promise<void> {
    while (!this.#stopping) {
      for (const [name, { isLive }] of this.#agents) if (isLive) this.#lastLive.set(name, performance.now())
      await this.#look().catch(() => {
        // No replica answers or the database is away: then nothing was said of anybody.
      })
      await pause(LOOK_EVERY_MS)
    }
  }

  async #look(): Promise<void> {
    let cursor = ''
    for (;;) {
      const answer = await fetch(`${this.#url}/api/v1/agents?limit=200${cursor}`, {
        headers: { authorization: `Bearer ${this.#token}` },
        signal: AbortSignal.timeout(5_000),
      })
      if (!answer.ok) return
      const page: Page = await answer.json()
      for (const { site, node, state } of page.items) if (state === 'down') this.#judge(`${site}/${node}`)
      if (page.nextCursor === null) break
      cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`
    }
    this.looks += 1
  }

  /** Down is right only of a host that was away from its LAN at some time since it was last connected. */
  #judge(name: string): void {
    const agent = this.#agents.get(name)
    const since = (this.#lastLive.get(name) ?? 0) - SLACK_MS
    const wasAway = agent?.node.away.some(({ toMs }) => toMs === null || toMs >= since) ?? false
    if (wasAway) this.rightlyDown += 1
    else this.falselyDown.push(`${name} at ${new Date().toISOString()}: ${agent?.detail}`)
  }
}
